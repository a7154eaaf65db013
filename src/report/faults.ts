import { PLAIN, type Style } from "./list.js";

/** What one deliberate fault was found to break. */
export interface ProofResult {
  /** The rule that had to catch it. */
  readonly rule: string;
  /** What is done wrong. */
  readonly title: string;
  /** Who does it. */
  readonly in: string;
  readonly caught: boolean;
  /** Rules that fell with it, as they must, and why. */
  readonly followed: readonly { readonly rule: string; readonly why: string }[];
  /** What is wrong with the suite; nothing where the fault was caught and no rule fell that it does not name. */
  readonly complaints: readonly string[];
  /** The cases that were run, by title. */
  readonly cases: readonly string[];
}

/** How well a suite is proven by its faults. */
export interface Score {
  readonly tool: { readonly name: "hopcheck"; readonly version: string };
  /** Rules of the catalogue. */
  readonly rules: number;
  readonly faults: number;
  readonly caught: number;
  /** Faults that were caught with the right suspect and cause, and for which no rule but those that must fell. */
  readonly exact: number;
  /** Rules that no fault breaks. */
  readonly unproven: readonly string[];
  readonly proofs: readonly ProofResult[];
}

/** A fault in a line, and below it what follows from it or is wrong about it. */
export function renderProof(proof: ProofResult, style: Style = PLAIN): string[] {
  const isExact = proof.complaints.length === 0;
  const sign = isExact ? style.good("✓") : style.bad("✗");
  const caught = proof.caught ? "caught" : style.bad("survives");
  return [
    `${sign} ${proof.rule.padEnd(11)}  ${caught.padEnd(8)}  ${proof.in}: ${proof.title}`,
    ...proof.followed.map(({ rule, why }) => style.quiet(`    with it ${rule}: ${why}`)),
    ...proof.complaints.map((complaint) => `    ${style.bad(complaint)}`),
  ];
}

/** The score in a sentence without a full stop, for readers of a report. */
export function scoreText({ faults, caught, exact }: Pick<Score, "faults" | "caught" | "exact">): string {
  return `of ${faults} deliberate faults, each of which breaks one rule, ${caught} were caught (${percent(caught, faults)}), ${exact} with the right suspect and cause and no other rule but those that must fall with it (${percent(exact, faults)})`;
}

export function renderScore(
  { faults, caught, exact, rules, unproven }: Score,
  seconds: number,
  style: Style = PLAIN,
): string[] {
  const isPerfect = exact === faults && unproven.length === 0;
  const verdict = isPerfect ? style.good("proven") : style.bad("not proven");
  return [
    "",
    `faults  ${faults} · caught ${caught} (${percent(caught, faults)}) · blamed exactly ${exact} (${percent(exact, faults)})`,
    `rules   ${rules} · without a fault ${unproven.length}${unproven.length > 0 ? `: ${unproven.join(", ")}` : ""}`,
    `${verdict} · ${seconds.toFixed(1)} s`,
  ];
}

/** Rounded down: a hundred is said of all and of nothing less. */
function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.floor((part / whole) * 100)} %`;
}

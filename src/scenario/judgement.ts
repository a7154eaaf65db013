import type { Evidence } from "../forwarding/evidence.js";
import { type Finding, RUNS_ON } from "../forwarding/rule.js";
import { fieldValue } from "../packet/fields.js";
import type { Frame } from "../packet/frame.js";
import { Crafting } from "./crafting.js";
import type { Executed } from "./execute.js";
import type { Heard } from "./program.js";
import type { Assertion, Position, Scenario } from "./scenario.js";

/** Everything that is known of a scenario once it has run. */
export interface Judged {
  readonly scenario: Scenario;
  readonly evidence: Evidence;
  readonly findings: readonly Finding[];
  /** What the scenario's author asserted with `expect` and `absent`. */
  readonly assertions: readonly Finding[];
  readonly problem?: string;
  /** Of a director that is a program. */
  readonly program?: Heard;
  /** Whether a step failed, or the lab did. */
  readonly problemIn?: "step" | "lab";
  /** The step at which it broke off. */
  readonly problemAt?: Position;
  /** Why the director could not be asked: it lacks a model or a feature. */
  readonly notSupported?: string;
  /** From the first step to the last finding, in milliseconds. */
  readonly durationMs: number;
  /** From 1; the how manieth time the scenario ran. */
  readonly repetition: number;
}

/** Whether a frame is of the kind that an assertion describes. */
export function matches(frame: Frame, { at, direction, fields }: Assertion, crafting: Crafting): boolean {
  if (frame.tap !== at || frame.direction !== direction) return false;
  return Object.entries(fields).every(
    ([name, value]) => fieldValue(frame.packet, name) === crafting.address(name, value),
  );
}

type Wanted = "expect" | "absent";

/** What stands for a rule's ID where an assertion of `expect` or `absent` is meant: its line, and its column where it shares the line. */
export function assertionId(scenario: Scenario, wanted: Wanted, { position }: Assertion): string {
  const { line, column } = position;
  const onLine = scenario[wanted].filter((assertion) => assertion.position.line === line);
  return onLine.length > 1 ? `${wanted}@${line}:${column}` : `${wanted}@${line}`;
}

/** Where the scenario's author speaks of a rule or makes an assertion, by its ID; undefined where nowhere. */
export function positionOf(scenario: Scenario, id: string): Position | undefined {
  for (const wanted of ["expect", "absent"] as const)
    for (const assertion of scenario[wanted])
      if (assertionId(scenario, wanted, assertion) === id) return assertion.position;
  return scenario.coversAt.get(id);
}

/** What stands for a rule's ID where an assertion in the body of a TypeScript scenario is meant. */
export const SCRIPT = "the script's own expectations";

/**
 * Holds the author's own assertions against what was recorded.
 * @param ran the assertion that failed in the body of a TypeScript scenario, and what kept it from running to its end.
 */
export function judgeAssertions(
  scenario: Scenario,
  evidence: Evidence,
  ran: Pick<Executed, "expectation" | "problem"> = {},
): Finding[] {
  const crafting = new Crafting(scenario.setup, () => 0);
  const check = (assertion: Assertion, wanted: Wanted): Finding => {
    const fields = Object.entries(assertion.fields).map(
      ([name, value]) => [name, crafting.address(name, value)] as const,
    );
    const found = evidence.frames.filter((frame) => matches(frame, assertion, crafting));
    const described = `${assertion.at} ${assertion.direction}: ${fields.map(([name, value]) => `${name}=${value}`).join(", ")}`;
    const holds =
      wanted === "absent"
        ? found.length === 0
        : assertion.count === undefined
          ? found.length > 0
          : found.length === assertion.count;
    // More frames may still come: they can make a count right or wrong, and break an absence, but never mend it.
    const isOpen = wanted === "absent" ? holds : found.length <= (assertion.count ?? 0);
    const unproven = !evidence.settled && isOpen;
    return {
      rule: assertionId(scenario, wanted, assertion),
      status: unproven ? "inconclusive" : holds ? "pass" : "fail",
      tap: assertion.at,
      frames: found.slice(0, 8).map(({ tap, number }) => ({ tap, number })),
      lookedFor: described,
      expected: `${wanted === "absent" ? "no frame" : assertion.count === undefined ? "a frame" : count(assertion.count)} at ${described}`,
      observed: found.length === 0 ? "none" : count(found.length),
      count: 1,
      causes: [],
    };
  };
  return [
    ...scenario.expect.map((assertion) => check(assertion, "expect")),
    ...scenario.absent.map((assertion) => check(assertion, "absent")),
    ...(scenario.script ? [scripted(ran)] : []),
  ];
}

/** Of a director that is a program: that it ended before the scenario did. */
export function programFindings({ program }: Pick<Executed, "program">): Finding[] {
  if (program?.ended === undefined) return [];
  return [
    {
      rule: RUNS_ON,
      status: "fail",
      suspect: "director",
      frames: [],
      lookedFor: "the director's program, when the scenario was over",
      expected: "it runs on",
      observed: `it ${program.ended}`,
      count: 1,
      causes: [],
    },
  ];
}

function scripted({ expectation, problem }: Pick<Executed, "expectation" | "problem">): Finding {
  const finding = {
    rule: SCRIPT,
    frames: [],
    lookedFor: SCRIPT,
    expected: "every assertion holds",
    count: 1,
    causes: [],
  };
  if (expectation !== undefined) return { ...finding, status: "fail", observed: expectation };
  // The assertions behind the place where it broke off were never reached.
  if (problem !== undefined) return { ...finding, status: "inconclusive", observed: problem };
  return { ...finding, status: "pass" };
}

function count(frames: number): string {
  return frames === 1 ? "1 frame" : `${frames} frames`;
}

import type { FrameReference, Status } from "../forwarding/rule.js";
import type { DirectorResult, ScenarioResult, Verdict } from "./result.js";

/** Milliseconds as a person says them: `42 ms`, `12.4 s`, `3 min 05 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) {
    return `${Math.round(milliseconds)} ms`;
  }
  const seconds = Math.round(milliseconds / 100) / 10;
  if (seconds < 60) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(milliseconds / 1000);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** Nanoseconds with three significant digits: `850 ns`, `38.2 µs`, `1.20 ms`. */
export function interval(nanoseconds: number): string {
  const units = ["ns", "µs", "ms", "s"];
  let value = nanoseconds;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `1 rule`, `2 rules`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** How a status reads in a sentence, and the sign that stands for it where colour cannot be seen. */
export const STATUS_WORDS: Readonly<Record<Status, { readonly word: string; readonly sign: string }>> = {
  pass: { word: "passed", sign: "✓" },
  fail: { word: "failed", sign: "✗" },
  inconclusive: { word: "inconclusive", sign: "?" },
  "not-exercised": { word: "not exercised", sign: "○" },
  declared: { word: "declared", sign: "≈" },
  "not-supported": { word: "not supported", sign: "–" },
};

/** How a verdict stands at the head of a scenario. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  pass: "pass",
  fail: "fail",
  inconclusive: "inconclusive",
  "not-supported": "not supported",
};

/** What a scenario's `problem` is about. */
export function problemTitle(captured: ScenarioResult["captured"] | undefined): string {
  return captured === undefined ? "The scenario did not end as it should" : "The captures do not settle everything";
}

/** `rs1 #7, #8; director eth1.pcap #2`: frames by tap, and by file where it has several, at most `most` of them. */
export function frameList(frames: readonly FrameReference[], most = 8): string {
  const taps = new Map<string, number[]>();
  for (const { tap, file, number } of frames.slice(0, most)) {
    const place = file === undefined ? tap : `${tap} ${file}`;
    taps.set(place, [...(taps.get(place) ?? []), number]);
  }
  const shown = [...taps].map(([tap, numbers]) => `${tap} ${numbers.map((number) => `#${number}`).join(", ")}`);
  return shown.join("; ") + (frames.length > most ? ` and ${frames.length - most} more` : "");
}

/** The model as declared, and as observed where that differs. */
export function models({ declared, observed }: ScenarioResult["models"]): string {
  const spell = (model: string) => (/^(nat|dr|tun)$/.test(model) ? model.toUpperCase() : model);
  return declared === observed ? spell(declared) : `${spell(declared)}, saw ${spell(observed)}`;
}

const PLACES: Readonly<Record<DirectorResult["where"], string>> = {
  "host-kernel": "the host's kernel",
  "user-mode-linux": "User-Mode Linux",
  userspace: "userspace",
};

/** The director with the version that was tested, where that is known: `my-lb 2.0`. */
export function directorName({ name, implementation }: DirectorResult): string {
  return implementation?.version === undefined ? name : `${name} ${implementation.version}`;
}

/** Where the director forwarded: `Linux 6.1.176 in User-Mode Linux`. */
export function directorPlace({ kernel, where }: DirectorResult): string {
  return kernel === undefined ? PLACES[where] : `Linux ${kernel} in ${PLACES[where]}`;
}

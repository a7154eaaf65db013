import type { Evidence } from "./evidence.js";
import type { Cause, Finding } from "./rule.js";

/** What most likely makes the rule of a failed or inconclusive finding fail, most likely first. */
export function causesOf(_finding: Finding, _evidence: Evidence): readonly Cause[] {
  return [];
}

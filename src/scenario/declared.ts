import type { DirectorTraits } from "../director/director.js";
import type { Finding } from "../forwarding/rule.js";

/**
 * The finding as it counts for a director whose file declares deviations: where it shows the director breaking such a
 * rule, it is declared, and what was seen stays beside the reason. Nobody else is excused by a director's file.
 */
export function asDeclared(finding: Finding, { deviations }: Pick<DirectorTraits, "deviations">): Finding {
  const { rule, status, suspect = "director" } = finding;
  const reason = Object.hasOwn(deviations, rule) ? deviations[rule] : undefined;
  if (reason === undefined || status !== "fail" || suspect !== "director") return finding;
  // The reason says why; likely causes would only be guesses beside it.
  return { ...finding, status: "declared", reason, causes: [] };
}

import type { DirectorTraits } from "../director/director.js";
import type { Finding } from "../forwarding/rule.js";
import type { Scenario } from "./scenario.js";

/**
 * The finding as it counts for a director whose file declares deviations: where it shows the director breaking such a
 * rule, it is declared, and what was seen stays beside the reason. Nobody else is excused by a director's file.
 */
export function asDeclared(finding: Finding, { deviations, foreign }: Deviating): Finding {
  const { rule, status, suspect = "director" } = finding;
  const reason = Object.hasOwn(deviations, rule) ? deviations[rule] : undefined;
  if (status !== "fail" || suspect !== "director") return finding;
  if (reason === undefined) return foreign ? withoutCommands(finding) : finding;
  // The reason says why; likely causes would only be guesses beside it.
  return { ...finding, status: "declared", reason, causes: [] };
}

/**
 * The same for an assertion of the scenario's author: it spells out what the rules that the scenario covers mean in its
 * case, beyond what they demand of everybody, and is declared where one of those rules is.
 */
export function assertionAsDeclared(finding: Finding, { covers }: Scenario, { deviations }: Deviating): Finding {
  const reasons = covers
    .filter((rule) => Object.hasOwn(deviations, rule))
    .map((rule) => `${rule}: ${deviations[rule]}`);
  if (reasons.length === 0 || finding.status !== "fail") return finding;
  return { ...finding, status: "declared", reason: reasons.join("; "), causes: [] };
}

/** What may be the cause is the same for every director; what is typed to find out is not. */
function withoutCommands(finding: Finding): Finding {
  const causes = finding.causes.map(({ id, text, on }) => ({ id, text, ...(on === undefined ? {} : { on }) }));
  return { ...finding, causes };
}

type Deviating = Pick<DirectorTraits, "deviations" | "foreign">;

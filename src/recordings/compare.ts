import type { Finding } from "../forwarding/rule.js";
import type { Expected } from "./recording.js";

/** What is otherwise than expected, in sentences; empty where nothing is. */
export function complaints({ fails = [], mayFail = [], passes }: Expected, findings: readonly Finding[]): string[] {
  const failures = findings.filter(({ status }) => status === "fail");
  const told = fails.flatMap(({ rule, suspect, cause }) => {
    const own = failures.filter((finding) => finding.rule === rule);
    if (own.length === 0) return [`${rule} does not fail`];
    if (own.some((finding) => finding.suspect === suspect && finding.causes[0]?.id === cause)) return [];
    const said = own.map((finding) => `${finding.suspect} for ${finding.causes[0]?.id}`);
    return [`${rule} suspects ${said.join(" and ")}, and not ${suspect} for ${cause}`];
  });
  const known = new Set([...fails.map(({ rule }) => rule), ...mayFail]);
  const others = failures.filter(({ rule }) => !known.has(rule));
  const false_ = others.map(
    ({ rule, suspect, expected, observed, causes }) =>
      `${rule} fails: ${suspect} (${causes[0]?.id}), expected ${expected}, observed ${observed}`,
  );
  const silent = passes
    .map((rule) => [rule, findings.find((finding) => finding.rule === rule)?.status ?? "not judged"] as const)
    .filter(([, status]) => status !== "pass")
    .map(([rule, status]) => `${rule} is ${status}, and not pass`);
  return [...told, ...false_, ...silent];
}

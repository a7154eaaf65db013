/** Renders views without a browser, as the page shows them once its script runs. */

import { renderToStaticMarkup } from "preact-render-to-string";
import type { RunResult } from "../result.js";
import { allVisible } from "../visible.js";
import { evidenceOf, pageData } from "./build.js";
import type { Spot } from "./route.js";
import { RulePage, Rules } from "./rules.js";
import { Scenario } from "./scenario.js";

export function scenarioView(result: RunResult, index: number, spot: Spot = {}): string {
  const visible = allVisible(result);
  const scenario = visible.scenarios[index];
  if (scenario === undefined) throw new Error(`the result has no scenario ${index}`);
  const evidence = evidenceOf(scenario, undefined);
  return renderToStaticMarkup(<Scenario data={pageData(visible)} index={index} evidence={evidence} spot={spot} />);
}

export function rulesView(result: RunResult): string {
  return renderToStaticMarkup(<Rules data={pageData(allVisible(result))} />);
}

export function ruleView(result: RunResult, id: string): string {
  return renderToStaticMarkup(<RulePage data={pageData(allVisible(result))} id={id} />);
}

/** Every string of a result replaced, but for the few that are no free text. */
export function poisoned(result: RunResult, text: string, others: readonly string[] = []): RunResult {
  const kept = new Set(
    ["verdict", "status", "direction", "level", "profile", "where", "declared", "observed", "bytes", "field"].filter(
      (key) => !others.includes(key),
    ),
  );
  return JSON.parse(JSON.stringify(result), (key, value) =>
    typeof value === "string" && !kept.has(key) ? text : value,
  ) as RunResult;
}

/** The names of all elements and attributes; text that broke out of its place would add one, or leave a `<` over. */
export function markup(html: string): { readonly names: readonly string[]; readonly rest: string } {
  const tag = /<(\/?[a-z][a-z0-9]*|!doctype)((?:\s+[a-z0-9-]+(?:="[^"]*")?)*)\s*\/?>/gi;
  const attributes = (text = "") => [...text.matchAll(/([a-z0-9-]+)(?:="[^"]*")?/gi)].map(([, name]) => `@${name}`);
  const names = [...html.matchAll(tag)].flatMap(([, name = "", rest]) => [name, ...attributes(rest)]);
  return { names: [...new Set(names)].toSorted(), rest: html.replace(tag, "") };
}

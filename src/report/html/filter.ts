import type { PageData, PageScenario } from "./data.js";
import type { Filter } from "./route.js";

/** Indices of the scenarios that a filter leaves. */
export function matching({ scenarios, rules }: PageData, filter: Filter): readonly number[] {
  const rule = filter.rule === undefined ? undefined : rules.findIndex(({ id }) => id === filter.rule);
  const words = (filter.text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const isWanted = (scenario: PageScenario) => {
    const { verdict, models, marks } = scenario;
    if (filter.status.length > 0 && !filter.status.includes(verdict)) return false;
    if (filter.model !== undefined && models.declared !== filter.model && models.observed !== filter.model)
      return false;
    if (rule !== undefined && !marks.some(([index]) => index === rule)) return false;
    return words.length === 0 || hasAll(words, scenario, rules);
  };
  return scenarios.flatMap((scenario, index) => (isWanted(scenario) ? [index] : []));
}

function hasAll(words: readonly string[], { title, file, marks }: PageScenario, rules: PageData["rules"]): boolean {
  const text = [title, file, ...marks.map(([rule]) => rules[rule]?.id ?? "")].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

import type { Rule } from "./rule.js";

/** All rules, in the order in which reports list them. */
export const catalogue: readonly Rule[] = [];

const byId: ReadonlyMap<string, Rule> = new Map(catalogue.map((rule) => [rule.id, rule]));

export function ruleById(id: string): Rule | undefined {
  return byId.get(id);
}

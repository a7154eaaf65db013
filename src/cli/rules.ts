import { Command } from "commander";
import { catalogue, ruleById } from "../forwarding/catalogue.js";
import type { Rule } from "../forwarding/rule.js";
import { findScenarios } from "../scenario/load.js";
import { loadScenarios } from "../scenario/script.js";
import { nearest } from "../scenario/suggest.js";
import { CliError, STATUS } from "./error.js";
import { bundledCases } from "./version.js";

export function rulesCommand(): Command {
  return new Command("rules")
    .description("the catalogue; with an ID one rule, its source and how it is tested")
    .argument("[id]", "the ID of a rule, such as DR-ARP-02")
    .action(async (id: string | undefined) => {
      process.stdout.write(`${id === undefined ? list() : await explain(find(id))}\n`);
    });
}

function list(): string {
  const width = Math.max(...catalogue.map((rule) => rule.id.length));
  const lines = catalogue.map(
    ({ id, profile, level, models, title }) =>
      `${id.padEnd(width)}  ${profile.padEnd(8)}  ${level.padEnd(10)}  ${models.join(",").padEnd(10)}  ${title}`,
  );
  return [...lines, "", `${catalogue.length} rules`].join("\n");
}

function find(id: string): Rule {
  const rule = ruleById(id.toUpperCase());
  if (rule) return rule;
  const near = nearest(
    id.toUpperCase(),
    catalogue.map((rule) => rule.id),
  );
  throw new CliError(
    STATUS.badInput,
    `there is no rule ${id}${near ? `; did you mean ${near}?` : ""} (\`hopcheck rules\` lists all)`,
  );
}

async function explain(rule: Rule): Promise<string> {
  const cases: string[] = [];
  for (const file of findScenarios([bundledCases]))
    if ((await loadScenarios(file)).some(({ covers }) => covers.includes(rule.id))) cases.push(file);
  return [
    `${rule.id}  ${rule.title}`,
    "",
    `  level    ${rule.level}`,
    `  profile  ${rule.profile}`,
    `  models   ${rule.models.join(", ")}`,
    `  rule     ${rule.statement}`,
    `  seen at  ${rule.observedAt}`,
    `  source   ${rule.source}`,
    `  tested   ${cases.length === 0 ? "by no bundled case" : cases.map((file) => file.slice(bundledCases.length - "cases/".length)).join(", ")}`,
  ].join("\n");
}

import { Command } from "commander";
import { catalogue, ruleById } from "../forwarding/catalogue.js";
import type { Rule } from "../forwarding/rule.js";
import { catalogueMarkdown, type Entry, explainRule, listCatalogue } from "../report/catalogue.js";
import { knownFaults } from "../scenario/faults/fault.js";
import { findScenarios } from "../scenario/load.js";
import { bundledDirectors } from "../scenario/paths.js";
import { loadScenarios } from "../scenario/script.js";
import { nearest } from "../scenario/suggest.js";
import { directorNamed } from "./directors.js";
import { CliError, STATUS } from "./error.js";
import { bundledCases } from "./version.js";

export function rulesCommand(): Command {
  return new Command("rules")
    .description("the catalogue; with an ID one rule, its source and how it is tested")
    .argument("[id]", "the ID of a rule, such as DR-ARP-02")
    .option("--markdown", "the whole catalogue as a page in Markdown")
    .action(async (id: string | undefined, options: { markdown?: boolean }) => {
      process.stdout.write(await text(id, options.markdown === true));
    });
}

async function text(id: string | undefined, asMarkdown: boolean): Promise<string> {
  if (asMarkdown) return catalogueMarkdown(await entriesOf(id === undefined ? catalogue : [find(id)]));
  if (id === undefined) return `${listCatalogue(catalogue)}\n`;
  const [entry] = await entriesOf([find(id)]);
  return `${explainRule(entry as Entry)}\n`;
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

/** The rules with what covers them, breaks them, and may deviate from them. */
async function entriesOf(rules: readonly Rule[]): Promise<Entry[]> {
  const covering = new Map<string, Set<string>>();
  for (const { file, covers } of await loadScenarios(findScenarios([bundledCases])))
    for (const id of covers) covering.set(id, (covering.get(id) ?? new Set()).add(shown(file)));
  const faults = knownFaults();
  const directors = bundledDirectors().map(directorNamed);
  return rules.map((rule) => ({
    rule,
    cases: [...(covering.get(rule.id) ?? [])],
    faults: faults.filter((fault) => fault.rule === rule.id).map(({ title }) => title),
    deviations: directors.flatMap(({ name, deviations }) => {
      const reason = deviations[rule.id];
      return reason === undefined ? [] : [{ director: name, reason }];
    }),
  }));
}

/** `cases/dr/arp.yaml` */
function shown(file: string): string {
  return file.slice(bundledCases.length - "cases/".length);
}

import { Argument, Command } from "commander";
import resultsSchema from "../report/results.schema.json" with { type: "json" };
import { type Schema, schemaPage } from "../report/schema-pages.js";
import directorSchema from "../scenario/director.schema.json" with { type: "json" };
import scenarioSchema from "../scenario/scenario.schema.json" with { type: "json" };
import setupSchema from "../scenario/setup.schema.json" with { type: "json" };

const SCHEMAS: Readonly<Record<string, Schema>> = {
  scenario: scenarioSchema,
  setup: setupSchema,
  director: directorSchema,
  results: resultsSchema,
};

export function schemaCommand(): Command {
  return new Command("schema")
    .description("the JSON Schema of a file that hopcheck reads or writes, for editors and validators")
    .addArgument(new Argument("<file>", "which file").choices(Object.keys(SCHEMAS)))
    .option("--markdown", "the same as a page in Markdown")
    .action((name: string, { markdown }: { markdown?: boolean }) => {
      const schema = SCHEMAS[name] as Schema;
      const text = markdown
        ? schemaPage(schema, `hopcheck schema ${name}`)
        : `${JSON.stringify(schema, undefined, 2)}\n`;
      process.stdout.write(text);
    });
}

import { Ajv2020, type AnySchemaObject } from "ajv/dist/2020.js";
import directorSchema from "./director.schema.json" with { type: "json" };
import { ScenarioError } from "./problem.js";
import type { RawDirector, RawScenario, RawSetup } from "./raw.js";
import scenarioSchema from "./scenario.schema.json" with { type: "json" };
import { explain } from "./schema-errors.js";
import setupSchema from "./setup.schema.json" with { type: "json" };
import type { Source } from "./source.js";

const ajv = new Ajv2020({
  allErrors: true,
  verbose: true,
  strict: true,
  allowUnionTypes: true,
  strictTypes: false,
  // A scenario's refers to it.
  schemas: [setupSchema],
  // Ours are valid, as a test shows; to hold them against the schema of schemas takes longer than all the rest.
  meta: false,
  validateSchema: false,
  // A check is made of a few files: what it gains by shorter code it has lost on making it.
  code: { optimize: false },
});
const { title, setup, covers } = scenarioSchema.properties;
const declarationSchema = {
  type: "object",
  additionalProperties: false,
  required: ["title", "setup"],
  properties: { title, setup, covers },
};

/** More than anybody mends at once; the file may be wrong from end to end. */
const MOST_ERRORS = 200;

/** The file's data where its shape is a scenario's; otherwise throws a `ScenarioError` with each deviation at its place. */
export function scenarioShape(source: Source): RawScenario {
  return shape<RawScenario>(scenarioSchema, source);
}

/** The same for what a script declares: its steps are to come. */
export function declarationShape(source: Source): Omit<RawScenario, "steps"> {
  return shape<Omit<RawScenario, "steps">>(declarationSchema, source);
}

/** The same for a setup in a file of its own. */
export function setupShape(source: Source): RawSetup {
  return shape<RawSetup>(setupSchema, source);
}

/** The same for the file of a director. */
export function directorShape(source: Source): RawDirector {
  return shape<RawDirector>(directorSchema, source);
}

function shape<Raw>(schema: AnySchemaObject, source: Source): Raw {
  // Takes a tenth of a second for a scenario's, once; those that nobody asks for are not compiled.
  const check = ajv.compile(schema);
  if (check(source.data)) return source.data as Raw;
  for (const error of (check.errors ?? []).slice(0, MOST_ERRORS)) explain(error, source.root);
  throw new ScenarioError(source.problems);
}

import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { RunResult } from "./result.js";
import schema from "./results.schema.json" with { type: "json" };
import { visible } from "./visible.js";

/** A file that is no result of hopcheck, or one of another version. The text names the file and the place in it. */
export class ResultFormatError extends Error {
  override readonly name = "ResultFormatError";
}

let compiled: ValidateFunction<RunResult> | undefined;

/** Takes a tenth of a second, once, which who only writes results is spared. */
function validator(): ValidateFunction<RunResult> {
  compiled ??= new Ajv2020({ strict: true, strictRequired: false, verbose: true }).compile<RunResult>(schema);
  return compiled;
}

/** The result as `results.json` holds it. */
export function renderJson(result: RunResult): string {
  return [...jsonChunks(result)].join("");
}

/** `renderJson` scenario by scenario: a long run's file need not be in memory as a whole. */
export function* jsonChunks({ scenarios, ...head }: RunResult): Generator<string> {
  yield `${layOut(head, "", "").slice(0, -"\n}".length)},\n  "scenarios": [`;
  for (const [index, scenario] of scenarios.entries()) {
    yield `${index > 0 ? "," : ""}\n    ${layOut(scenario, "scenarios[]", "    ")}`;
  }
  yield `${scenarios.length > 0 ? "\n  " : ""}]\n}\n`;
}

/** What stands on one line, by the property that holds it: hops above all, of which there are thousands. */
const ONE_LINE: ReadonlySet<string> = new Set([
  "tool",
  "director",
  "models",
  "services[]",
  "hosts[]",
  "hops[]",
  "frames",
  "captureFrames[]",
]);

function layOut(value: unknown, property: string, indent: string): string {
  if (typeof value !== "object" || value === null || ONE_LINE.has(property) || isUneventful(value, property)) {
    return JSON.stringify(value);
  }
  const deeper = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((item) => layOut(item, `${property}[]`, deeper))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${JSON.stringify(key)}: ${layOut(item, key, deeper)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return lines.length === 0 ? `${open}${close}` : `${open}\n${deeper}${lines.join(`,\n${deeper}`)}\n${indent}${close}`;
}

/** A finding that nobody has to look into. */
function isUneventful(value: object, property: string): boolean {
  return (
    property === "findings[]" && "status" in value && /^(pass|not-exercised|not-supported)$/.test(`${value.status}`)
  );
}

/**
 * Reads a `results.json`.
 *
 * @param name what errors call the text: its path.
 * @throws {ResultFormatError} where it is not one, with the JSON path of the first thing wrong.
 */
export function readResult(text: string, name: string): RunResult {
  const where = visible(name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ResultFormatError(`${where}: not JSON: ${visible((error as Error).message)}`, { cause: error });
  }
  const version = versionOf(value);
  if (version === undefined) {
    throw new ResultFormatError(`${where}: $: this is no result of hopcheck (results.json): it has no schemaVersion`);
  }
  if (version !== VERSION) {
    throw new ResultFormatError(`${where}: $.schemaVersion: ${aboutVersion(version)}`);
  }
  const validate = validator();
  if (!validate(value)) {
    throw new ResultFormatError(`${where}: ${validate.errors?.[0] ? explain(validate.errors[0]) : "not a result"}`);
  }
  return value;
}

/** The version of the results that this hopcheck writes, and the only one so far. */
const VERSION = 1;

function aboutVersion(version: unknown): string {
  if (Number.isInteger(version) && Number(version) > VERSION)
    return `version ${version} of the results is that of a newer hopcheck, and this one reads version ${VERSION}; update it`;
  return `there is no version ${quote(version)} of the results; this hopcheck reads version ${VERSION}`;
}

function versionOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "schemaVersion" in value ? value.schemaVersion : undefined;
}

/** `$.scenarios[0].verdict: must be one of "pass", "fail", "inconclusive", not "ok"`. */
function explain(error: ErrorObject): string {
  const path = jsonPath(error.instancePath);
  switch (error.keyword) {
    case "additionalProperties":
      return `${path}: unknown property ${quote(error.params.additionalProperty)}`;
    case "required":
      return `${path}: property ${quote(error.params.missingProperty)} is missing`;
    case "enum":
      return `${path}: must be one of ${error.params.allowedValues.map(quote).join(", ")}, not ${quote(error.data)}`;
    case "const":
      return `${path}: must be ${quote(error.params.allowedValue)}, not ${quote(error.data)}`;
    default:
      return `${path}: ${error.message ?? "is wrong"}, not ${quote(error.data)}`;
  }
}

function quote(value: unknown): string {
  const text = visible(JSON.stringify(value) ?? "undefined");
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** `/scenarios/0/models` becomes `$.scenarios[0].models`. */
function jsonPath(pointer: string): string {
  const steps = pointer.split("/").slice(1);
  const spelt = steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return `$${spelt.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join("")}`;
}

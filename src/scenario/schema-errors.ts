import type { ErrorObject } from "ajv/dist/2020.js";
import { FIELD_NAMES } from "../packet/craft.js";
import type { Path, Place } from "./source.js";
import { nearest, quoted, suggestion } from "./suggest.js";

/** What of a schema the messages use; ajv hands over the part that was violated. */
interface SchemaPart {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaPart>>;
  readonly patternProperties?: unknown;
  readonly type?: string | readonly string[];
  readonly enum?: unknown;
  readonly pattern?: unknown;
}

/** Entries of the lists, as they are called in a message. */
const ENTRIES: Readonly<Record<string, string>> = {
  steps: "a step",
  covers: "an entry of `covers`",
  expect: "an entry of `expect`",
  absent: "an entry of `absent`",
  services: "a service",
  realServers: "a real server",
  interfaces: "an interface",
};

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "a mapping",
  array: "a list",
};

/** Notes at the right place, in plain words, what a violation of the schema means. */
export function explain(error: ErrorObject, root: Place): void {
  const path = pathOf(error.instancePath);
  const place = root.at(...path);
  const schema = (error.parentSchema ?? {}) as SchemaPart;
  // The violation inside an `if` is reported by itself.
  if (error.keyword === "if") return;
  if (error.keyword === "required" && isMisspelt(error.params.missingProperty, error.data, schema)) return;
  if (error.keyword === "additionalProperties") unknownKey(place, path, error.params.additionalProperty, schema);
  else place.complain(messageOf(error, path, schema));
}

function messageOf({ keyword, params, data, message }: ErrorObject, path: Path, schema: SchemaPart): string {
  const name = nameOf(path);
  switch (keyword) {
    case "required":
      return missingKey(params.missingProperty, schema);
    case "type":
      return `${name} must be ${typesOf(schema)}, but here stands ${stands(data)}${hint(path, data)}${quotes(data, schema)}`;
    case "enum":
      return `${name} cannot be ${quoted(data)}${suggestion(String(data), params.allowedValues)}`;
    case "pattern":
      return `${quoted(data)} is not a ${schema.title ?? "valid value"}`;
    case "minimum":
      return `${name} is ${data}; it must be at least ${params.limit}`;
    case "maximum":
      return `${name} is ${data}; at most ${params.limit} is allowed`;
    case "multipleOf":
      return `${name} is ${data}; it must be a multiple of ${params.multipleOf}`;
    case "minItems":
    case "minLength":
      return `${name} is empty${schema.description ? `; it says: ${sentence(schema.description)}` : ""}`;
    case "maxItems":
      return `${name} has ${(data as unknown[]).length} entries; at most ${params.limit} are allowed`;
    case "maxLength":
      return `${name} has ${(data as string).length} characters; at most ${params.limit} are allowed`;
    case "minProperties":
      return `${name} is empty; write one of ${keysOf(schema).map(quoted).join(", ")}`;
    case "maxProperties":
      if (params.limit > 1) return `${name} has more than the ${params.limit} keys that are allowed`;
      return `${name} has one key, but here stand ${listed(Object.keys(data as object))}${hint(path, data)}`;
    default:
      return `${name} ${message ?? "is not valid"}`;
  }
}

function unknownKey(place: Place, path: Path, key: string, schema: SchemaPart): void {
  const known = keysOf(schema);
  const what = path.at(-2) === "steps" ? "step" : "key";
  // Only flow steps and assertions take header fields, and a field needs its protocol in front.
  const fields = schema.patternProperties ? FIELD_NAMES : [];
  const unprefixed = fields.find((field) => field.endsWith(`.${key}`));
  const end = unprefixed ? `; did you mean ${quoted(unprefixed)}?` : suggestion(key, known);
  place.at(key).complainOfKey(`unknown ${what} ${quoted(key)}${end}`);
}

/** Whether an unknown key that stands there is the missing one: then one message is enough. */
function isMisspelt(missing: string, data: unknown, schema: SchemaPart): boolean {
  const known = keysOf(schema);
  const unknown = Object.keys(data as object).filter((key) => !known.includes(key));
  return unknown.some((key) => nearest(key, known) === missing);
}

function missingKey(key: string, schema: SchemaPart): string {
  const description = schema.properties?.[key]?.description;
  return `${quoted(key)} is missing${description ? `: ${sentence(description)}` : ""}`;
}

function listed(keys: readonly string[]): string {
  const shown = keys.slice(0, 4).map(quoted).join(" and ");
  return keys.length > 4 ? `${shown} and others` : shown;
}

function hint(path: Path, data: unknown): string {
  if (path.length === 0 && data === null) return ": the file is empty";
  if (path.at(-2) !== "steps") return "";
  const isMapping = typeof data === "object" && data !== null && !Array.isArray(data);
  return isMapping ? "; give each step a dash of its own" : "; write a step as `send: { flow: a }`";
}

/** Any text will do there, so that what YAML takes for a number may be meant as one. */
function quotes(data: unknown, { type, enum: allowed, pattern }: SchemaPart): string {
  const isFree = type === "string" && allowed === undefined && pattern === undefined;
  return isFree && (typeof data === "number" || typeof data === "boolean") ? "; put it in quotes" : "";
}

function keysOf(schema: SchemaPart): string[] {
  return Object.keys(schema.properties ?? {});
}

function typesOf(schema: SchemaPart): string {
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  return types.map((type) => TYPES[type] ?? type).join(" or ");
}

function stands(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return `the ${typeof value === "string" ? "text" : typeof value} ${quoted(value)}`;
}

function nameOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return "the file";
  if (typeof last === "string") return quoted(last);
  return ENTRIES[String(path.at(-2))] ?? `an entry of ${quoted(path.at(-2))}`;
}

/** A description as the end of a message: it begins small, and without the full stop. */
function sentence(description: string): string {
  const small = /^[A-Z][a-z]/.test(description)
    ? description.charAt(0).toLowerCase() + description.slice(1)
    : description;
  return small.replace(/\.$/, "");
}

/** A JSON pointer as a path; list positions become numbers. */
function pathOf(pointer: string): Path {
  const segments = pointer.split("/").slice(1);
  return segments.map((segment) => {
    const text = segment.replaceAll("~1", "/").replaceAll("~0", "~");
    return /^\d+$/.test(text) ? Number(text) : text;
  });
}

import { FIELD_DESCRIPTIONS } from "../packet/craft-spec.js";

/** Pages in Markdown out of the JSON Schemas of the files that hopcheck reads and writes. */

/** The part of JSON Schema (draft 2020-12) that they use. */
export interface Schema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  /** Keys by their pattern: header fields. */
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** The page of one schema: its keys, then those of the mappings that stand in it. */
export function schemaPage(schema: Schema, command: string): string {
  const hasFields = JSON.stringify(schema).includes('"patternProperties"');
  const parts = Object.entries(schema.$defs ?? {}).filter(([, part]) => hasKeys(part));
  return [
    `# The file of a ${(schema.title ?? "").replace(/^hopcheck /, "")}`,
    "",
    `<!-- Written by \`${command} --markdown\`; do not edit. -->`,
    "",
    schema.description ?? "",
    "",
    `For editors: \`${command}\` prints the JSON Schema.`,
    ...keys(schema, schema),
    ...parts.flatMap(([name, part]) => [
      "",
      `## ${name}`,
      ...(part.description === undefined ? [] : ["", part.description]),
      ...keys(part, schema),
    ]),
    ...(hasFields ? headerFields() : []),
    "",
  ].join("\n");
}

/** What can stand for a header field, by Wireshark's names. */
function headerFields(): string[] {
  const rows = Object.entries(FIELD_DESCRIPTIONS).map(
    ([name, { label, allowed }]) => `| \`${name}\` | ${cell(allowed)} | ${cell(label)} |`,
  );
  return [
    "",
    "## Header fields",
    "",
    "The names are Wireshark's; `ip.ttl#2` is the field of the second IP header in a frame.",
    "",
    "| field | value | meaning |",
    "|---|---|---|",
    ...rows,
  ];
}

function hasKeys({ properties }: Schema): boolean {
  return properties !== undefined;
}

function keys(part: Schema, page: Schema): string[] {
  const entries = Object.entries(part.properties ?? {});
  if (entries.length === 0) return [];
  const rows = entries.map(([name, schema]) => {
    const must = part.required?.includes(name) ? " (needed)" : "";
    return `| \`${name}\`${must} | ${cell(kind(schema, page))} | ${cell(meaning(schema, page))} |`;
  });
  for (const fields of Object.values(part.patternProperties ?? {}))
    rows.push(`| a [header field](#header-fields) | ${cell(kind(fields, page))} | ${cell(meaning(fields, page))} |`);
  return ["", "| key | value | meaning |", "|---|---|---|", ...rows];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

function meaning(schema: Schema, page: Schema): string {
  return schema.description ?? referred(schema, page)?.description ?? "";
}

/** What a value has to be, in words. */
function kind(schema: Schema, page: Schema): string {
  if (schema.$ref !== undefined) return kindOfReference(schema.$ref, page);
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.title !== undefined) return schema.title;
  if (schema.items !== undefined && schema.type === "array") return `list of ${kind(schema.items, page)}`;
  const { additionalProperties: values } = schema;
  if (typeof values === "object") return `mapping to ${kind(values, page)}`;
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  return [types.map((type) => WORDS[type] ?? type).join(" or "), range(schema)]
    .filter((word) => word !== "")
    .join(", ");
}

const WORDS: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  boolean: "true or false",
  array: "list",
  object: "mapping",
};

function range({ minimum, exclusiveMinimum, maximum }: Schema): string {
  const least = exclusiveMinimum === undefined ? minimum : `above ${exclusiveMinimum}`;
  if (least === undefined && maximum === undefined) return "";
  if (maximum === undefined) return `at least ${least}`;
  return least === undefined ? `at most ${maximum}` : `${least} to ${maximum}`;
}

function kindOfReference(reference: string, page: Schema): string {
  const [file = "", path = ""] = reference.split("#");
  const name = path.split("/").at(-1) ?? "";
  if (file !== "") {
    const [other] = file.split(".");
    return `[${name || other}](${other}.md${name ? `#${name.toLowerCase()}` : ""})`;
  }
  const found = referred({ $ref: reference }, page) ?? {};
  return hasKeys(found) ? `[${name}](#${name.toLowerCase()})` : kind(found, page);
}

function referred({ $ref }: Schema, page: Schema): Schema | undefined {
  const [, name] = /^#\/\$defs\/(.+)$/.exec($ref ?? "") ?? [];
  return name === undefined ? undefined : page.$defs?.[name];
}

function code(value: unknown): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

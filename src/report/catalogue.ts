import type { Rule } from "../forwarding/rule.js";

/** A rule with how it is tested. */
export interface Entry {
  readonly rule: Rule;
  /** Paths of the scenario files that cover it. */
  readonly cases: readonly string[];
  /** What is done wrong to see that it can fail. */
  readonly faults: readonly string[];
  /** Directors that break it on purpose, each with the reason. */
  readonly deviations: readonly { readonly director: string; readonly reason: string }[];
}

/** A line for each rule, for a terminal. */
export function listCatalogue(rules: readonly Rule[]): string {
  const width = Math.max(...rules.map((rule) => rule.id.length));
  const lines = rules.map(
    ({ id, profile, level, models, title }) =>
      `${id.padEnd(width)}  ${profile.padEnd(8)}  ${level.padEnd(10)}  ${models.join(",").padEnd(10)}  ${title}`,
  );
  return [...lines, "", `${rules.length} rules`].join("\n");
}

/** All about one rule, for a terminal. */
export function explainRule(entry: Entry): string {
  const { rule } = entry;
  const facts: (readonly [name: string, values: readonly string[]])[] = [
    ["level", [rule.level]],
    ["profile", [rule.profile]],
    ["models", [rule.models.join(", ")]],
    ["rule", [rule.statement]],
    ["seen at", [rule.observedAt]],
    ["exercise", [rule.lookedFor]],
    ["source", [rule.source]],
    ["tested", entry.cases.length === 0 ? ["by no bundled case"] : entry.cases],
    ["fault", entry.faults],
    ["declared", entry.deviations.map(({ director, reason }) => `${director}: ${reason}`)],
  ];
  const lines = facts.flatMap(([name, values]) =>
    values.map((value, index) => `  ${(index === 0 ? name : "").padEnd(9)}${value}`),
  );
  return [`${rule.id}  ${rule.title}`, "", ...lines].join("\n");
}

/** The whole catalogue as a page in Markdown. */
export function catalogueMarkdown(entries: readonly Entry[]): string {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const group = groupOf(entry.rule.id);
    groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  const core = entries.filter(({ rule }) => rule.profile === "core").length;
  return [
    "# The catalogue",
    "",
    "<!-- Written by `hopcheck rules --markdown`; do not edit. -->",
    "",
    `${entries.length} rules, ${core} of them in the profile core. A guard is no demand on the network: it stands for evidence`,
    "that a naive checker fails, and that is right.",
    ...[...groups].flatMap(([group, members]) => ["", `## ${group}`, ...members.flatMap(section)]),
    "",
  ].join("\n");
}

const GROUPS: Readonly<Record<string, string>> = {
  GEN: "All models",
  NAT: "NAT",
  DR: "DR, direct routing",
  TUN: "TUN, tunnelling",
  HA: "Two directors",
  PROXY: "Proxies",
};

function groupOf(id: string): string {
  const prefix = id.split("-")[0] ?? "";
  return GROUPS[prefix] ?? prefix;
}

function section({ rule, cases, faults, deviations }: Entry): string[] {
  const item = (name: string, values: readonly string[]) =>
    values.length === 0 ? [] : [`- ${name}: ${values.join("; ")}`];
  const kind = rule.naive ? "guard" : rule.level;
  return [
    "",
    `### ${rule.id} · ${rule.title}`,
    "",
    `*${kind} · ${rule.profile} · ${rule.models.join(", ")}*`,
    "",
    rule.statement,
    "",
    ...item("Seen at", [rule.observedAt]),
    ...item("Exercised by", [rule.lookedFor]),
    ...item("Source", [rule.source]),
    ...item(
      "Tested by",
      cases.map((file) => `[${file}](../${file})`),
    ),
    ...item("Seen to fail", faults),
    ...item(
      "Declared deviation",
      deviations.map(({ director, reason }) => `${director}: ${reason}`),
    ),
  ];
}

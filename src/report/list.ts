import { styleText } from "node:util";
import type { Cause, Status } from "../forwarding/rule.js";
import { count, directorPlace, duration, frameList, STATUS_WORDS } from "./format.js";
import type { FindingResult, RunResult, ScenarioResult } from "./result.js";
import { declaredIn, STATUSES, tallyRules, tallyScenarios } from "./tally.js";
import { isWorthSaying, problemOf, wasRun } from "./verdict.js";
import { shortened, visibleInLog } from "./visible.js";

/** How text is set off on a terminal. Each function returns its text unchanged where there is no colour. */
export interface Style {
  readonly strong: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly unsure: (text: string) => string;
}

/** Characters of what kept a scenario from ending: a log's last lines, say. */
const LONG_PROBLEM = 1000;

const same = (text: string) => text;

/** No colour: files, pipes, tests. */
export const PLAIN: Style = { strong: same, quiet: same, good: same, bad: same, unsure: same };

/** Colour where the stream is a terminal and the user has not asked for none (https://no-color.org). */
export function makeStyle(
  stream: { readonly isTTY?: boolean | undefined },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Style {
  if (stream.isTTY !== true || (environment.NO_COLOR ?? "") !== "") {
    return PLAIN;
  }
  // Which stream is meant has been decided above; styleText would look at stdout.
  const ansi = (format: "bold" | "dim" | "green" | "red" | "yellow") => (text: string) =>
    styleText(format, text, { validateStream: false });
  return {
    strong: ansi("bold"),
    quiet: ansi("dim"),
    good: ansi("green"),
    bad: ansi("red"),
    unsure: ansi("yellow"),
  };
}

/** One line for a scenario, and behind it everything that is wrong with it; none for one that was not run. */
export function renderScenario(scenario: ScenarioResult, style: Style = PLAIN): string[] {
  const { verdict, title } = scenario;
  // With a director of one model most are not: the summary says so, by the reason.
  if (!wasRun(scenario)) return [];
  const wrong = complaints(scenario, style).flatMap((lines) => ["", ...lines.map((line) => `  ${line}`)]);
  return [
    `${paint(verdict, style)(STATUS_WORDS[verdict].sign)} ${shortened(visibleInLog(title))} ${style.quiet(inShort(scenario))}`,
    ...(wrong.length === 0 ? [] : [...wrong, ""]),
  ];
}

/** Everything that is wrong with a scenario, each in at most a dozen lines. */
export function complaints(scenario: ScenarioResult, style: Style = PLAIN): string[][] {
  const findings = scenario.findings.filter((finding) => isWorthSaying(finding, scenario));
  return [
    ...findings.map((finding) => renderFailure(scenario, finding, style)),
    ...(problemOf(scenario) === undefined ? [] : [renderProblem(scenario, style)]),
  ];
}

/** `16 rules hold, 1 declared, 32 ms` */
function inShort({ findings, durationMs }: ScenarioResult): string {
  const rules = (status: Status) =>
    new Set(findings.filter((one) => one.status === status).map(({ rule }) => rule)).size;
  const declared = rules("declared");
  return `${rules("pass")} rules hold, ${declared > 0 ? `${declared} declared, ` : ""}${duration(durationMs)}`;
}

/** One finding in at most a dozen lines: what was wanted, what came, who is at fault, and what to do. */
export function renderFailure(scenario: ScenarioResult, finding: FindingResult, style: Style = PLAIN): string[] {
  const cause = finding.causes[0];
  const others = finding.causes.length - 1;
  const colour = paint(finding.status, style);
  const { word, sign } = STATUS_WORDS[finding.status];
  const safe = (text: string) => shortened(visibleInLog(text));
  // An assertion is its own rule: said once, it is clear enough.
  const isSaid = finding.frames.length > 0 || finding.lookedFor === finding.statement;
  const lookedFor = isSaid ? undefined : finding.lookedFor;
  const seenAt = safe(whereabouts(finding));
  return [
    `${colour(`${sign} ${safe(finding.rule)} ${word}`)}: ${finding.level} · ${style.strong(safe(finding.title))}`,
    ...labelled(style, [
      ["scenario", [safe(scenario.title), visibleInLog(scenario.file)].join(" · ")],
      ["rule", safe(finding.statement)],
      ["seen at", lookedFor === undefined ? seenAt : ""],
      ["looked for", lookedFor && [safe(lookedFor), ...(seenAt === "" ? [] : [seenAt])].join(" · ")],
      ["reason", finding.reason && safe(finding.reason)],
      ["expected", finding.expected && safe(finding.expected)],
      ["observed", finding.observed && colour(safe(finding.observed))],
      ["suspect", finding.suspect && safe(finding.suspect)],
      ["cause", cause && safe(cause.text) + (others > 0 ? ` (${others} less likely: see the report)` : "")],
      ["confirm", cause?.confirm && oneLine(cause.confirm) + where(cause, finding)],
      ["fix", cause?.fix && oneLine(cause.fix) + where(cause, finding)],
      ["said", finding.suspect === "director" ? lastWords(scenario) : undefined],
      ["capture", scenario.capture && visibleInLog(scenario.capture)],
      ["again", visibleInLog(scenario.reproduce)],
    ]),
  ];
}

/** The last line that the director's program said, and where the others are. */
function lastWords({ log }: ScenarioResult): string | undefined {
  const last = log?.end.trimEnd().split("\n").at(-1);
  return log && last ? `${shortened(visibleInLog(last))} (${visibleInLog(log.file)})` : undefined;
}

/** The machine that a command is for, as a comment that can be pasted along. */
function where({ on }: Cause, { suspect }: FindingResult): string {
  const host = on ?? suspect;
  return host === undefined || host === "network" ? "" : `  # on ${visibleInLog(host)}`;
}

/** What kept a scenario from ending, or from showing anything. */
export function renderProblem(scenario: ScenarioResult, style: Style = PLAIN): string[] {
  const problem = problemOf(scenario);
  return [
    `${style.unsure("? problem")}: ${style.strong(shortened(visibleInLog(scenario.title)))}`,
    ...labelled(style, [
      ["scenario", visibleInLog(scenario.file)],
      ["problem", problem && shortened(oneLine(problem), LONG_PROBLEM)],
      ["capture", scenario.capture && visibleInLog(scenario.capture)],
      ["again", visibleInLog(scenario.reproduce)],
    ]),
  ];
}

/** The counts at the end of a run, and its verdict; before them what the director's file excuses. */
export function renderSummary(result: RunResult, style: Style = PLAIN): string[] {
  const scenarios = tallyScenarios(result.scenarios);
  const rules = tallyRules(result.scenarios);
  const judged = STATUSES.reduce((sum, status) => sum + rules[status], 0);
  const part = (number: number, status: Status) => {
    const text = `${number} ${STATUS_WORDS[status].word}`;
    return number === 0 ? style.quiet(text) : paint(status, style)(text);
  };
  const rows: [string, string[]][] = [
    [
      count(result.scenarios.length, "scenario"),
      [
        ...(["pass", "fail", "inconclusive"] as const).map((verdict) => part(scenarios[verdict], verdict)),
        ...(scenarios["not-supported"] > 0 ? [part(scenarios["not-supported"], "not-supported")] : []),
      ],
    ],
    [
      count(judged, "rule"),
      [
        ...(["pass", "fail", "inconclusive", "not-exercised"] as const).map((status) => part(rules[status], status)),
        ...(["declared", "not-supported"] as const)
          .filter((status) => rules[status] > 0)
          .map((status) => part(rules[status], status)),
      ],
    ],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const colour = paint(result.verdict, style);
  const by = result.director ? ` · ${visibleInLog(`${result.director.name}, ${directorPlace(result.director)}`)}` : "";
  const nothing = result.scenarios.some(wasRun) ? "" : ": no scenario was run, and no traffic never passes";
  return [
    ...renderDeviations(result, style),
    ...renderUnsupported(result, style),
    ...rows.map(([label, parts]) => `${label.padEnd(width)}  ${parts.join(" · ")}`),
    `${style.strong(colour(result.verdict))}${nothing} · ${duration(result.durationMs)}${by}`,
  ];
}

function renderDeviations({ scenarios }: RunResult, style: Style): string[] {
  const { word, sign } = STATUS_WORDS.declared;
  return declaredIn(scenarios).map(
    ({ rule, reason }) => `${style.quiet(`${sign} ${visibleInLog(rule)} ${word}`)}: ${visibleInLog(reason)}`,
  );
}

/** For each reason the scenarios that were not run; of several reasons the first one counts. */
function renderUnsupported({ scenarios }: RunResult, style: Style): string[] {
  const { word, sign } = STATUS_WORDS["not-supported"];
  const byReason = new Map<string, ScenarioResult[]>();
  for (const scenario of scenarios.filter((one) => !wasRun(one))) {
    const [reason = ""] = (scenario.reason ?? "").split("; ");
    byReason.set(reason, [...(byReason.get(reason) ?? []), scenario]);
  }
  return [...byReason].map(([reason, some]) => {
    const [only] = some;
    const which = some.length === 1 && only ? shortened(visibleInLog(only.title)) : count(some.length, "scenario");
    return `${style.quiet(`${sign} ${word}`)}: ${which}: ${shortened(visibleInLog(reason))}`;
  });
}

/** The hop at which it shows, before the others that the finding rests on. */
function whereabouts({ tap, frames, field }: FindingResult): string {
  const here = frames.filter((frame) => frame.tap === tap);
  const others = frames.filter((frame) => frame.tap !== tap);
  const hop = here.length > 0 ? frameList(here) : tap;
  const rest = others.length === 0 ? undefined : hop === undefined ? frameList(others) : `with ${frameList(others)}`;
  return [hop, field, rest].filter((part) => part !== undefined).join(" · ");
}

/** Commands or messages of several lines become one: what starts a line of a CI log may be taken for a workflow command. */
function oneLine(text: string): string {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines
    .filter((line) => line !== "")
    .map(visibleInLog)
    .join("; ");
}

function labelled(style: Style, entries: readonly (readonly [string, string | undefined])[]): string[] {
  return entries.filter(([, text]) => text).map(([label, text]) => `  ${style.quiet(label.padEnd(10))}  ${text}`);
}

/** How a status is coloured. */
export function paint(status: Status, style: Style): (text: string) => string {
  switch (status) {
    case "pass":
      return style.good;
    case "fail":
      return style.bad;
    case "inconclusive":
    case "not-exercised":
      return style.unsure;
    default:
      return style.quiet;
  }
}

import { count, directorPlace, duration, STATUS_WORDS, VERDICT_WORDS } from "./format.js";
import { renderFailure, renderProblem } from "./list.js";
import { code, fold, table } from "./markdown.js";
import type { RunResult } from "./result.js";
import { limited } from "./step-summary.js";
import { declaredIn, STATUSES, tallyRules, tallyScenarios } from "./tally.js";
import { isViolation, type Topic, topicsOf } from "./topics.js";
import { wasRun } from "./verdict.js";
import { shortened, visible, visibleInLog } from "./visible.js";

/** Annotations of one kind that GitHub shows of a step. */
const SHOWN = 10;

/**
 * The result as workflow commands, a line each, that make GitHub annotate the scenario files: an error for what was seen
 * to be wrong, a warning for what was not settled. The most important come first, a rule once; how many more there are is
 * said in a notice.
 *
 * @param shownAs turns a scenario's file into the path that GitHub knows it by, relative to the repository
 */
export function renderAnnotations(result: RunResult, shownAs: (file: string) => string = (file) => file): string[] {
  const topics = topicsOf(result);
  const errors = topics.filter(isViolation);
  const warnings = topics.filter((topic) => !isViolation(topic));
  const left = Math.max(errors.length - SHOWN, 0) + Math.max(warnings.length - SHOWN, 0);
  return [
    ...errors.slice(0, SHOWN).map((topic) => annotation("error", topic, shownAs)),
    ...warnings.slice(0, SHOWN).map((topic) => annotation("warning", topic, shownAs)),
    ...(left === 0 ? [] : [command("notice", { title: "hopcheck" }, `${left} more: see the job's summary`)]),
  ];
}

function annotation(level: "error" | "warning", topic: Topic, shownAs: (file: string) => string): string {
  const { line, column } = placeOf(topic);
  const [head = "", ...lines] = linesOf(topic);
  const place = { file: shownAs(topic.scenario.file), line, col: column };
  return command(level, { ...place, title: `${head}${more(topic)}` }, lines.map((text) => text.trim()).join("\n"));
}

/** The first line where the result does not tell: GitHub shows an annotation only where it has a line. */
function placeOf({ finding, scenario }: Topic) {
  return (finding === undefined ? scenario.problemAt : finding.position) ?? { line: 1, column: 1 };
}

function linesOf({ scenario, finding }: Topic): string[] {
  return finding === undefined ? renderProblem(scenario) : renderFailure(scenario, finding);
}

function more({ others }: Topic): string {
  return others === 0 ? "" : ` (and ${count(others, "time")} more)`;
}

/** A workflow command; the runner reads `%0A` as a line break, and no property beyond its comma or colon. */
function command(name: string, properties: Readonly<Record<string, string | number>>, message: string): string {
  const listed = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(`${value}`)}`);
  return `::${name} ${listed.join(",")}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(visibleInLog(text)).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/**
 * The result in Markdown, for the summary of a job's step: counts, and each thing that is wrong behind a click.
 * @param most bytes that it may have; how much had to be left out is said at its end
 */
export function renderStepSummary(result: RunResult, most?: number): string {
  return limited([head(result), counts(result), ...topicsOf(result).map(topicPart), ...deviations(result)], most);
}

function head({ verdict, director, durationMs, scenarios }: RunResult): string {
  const by = director === undefined ? "" : ` · ${code(`${director.name}, ${directorPlace(director)}`)}`;
  const nothing = scenarios.some(wasRun) ? "" : "\nNo scenario was run, and no traffic never passes.\n";
  return `## ${STATUS_WORDS[verdict].sign} hopcheck: ${VERDICT_WORDS[verdict]}\n\n${duration(durationMs)}${by}\n${nothing}`;
}

function counts({ scenarios }: RunResult): string {
  const ofScenarios: Readonly<Record<string, number>> = tallyScenarios(scenarios);
  const ofRules = tallyRules(scenarios);
  return table(
    ["", ...STATUSES.map((status) => STATUS_WORDS[status].word)],
    [
      ["rules", ...STATUSES.map((status) => `${ofRules[status]}`)],
      ["scenarios", ...STATUSES.map((status) => `${ofScenarios[status] ?? ""}`)],
    ],
  );
}

function topicPart(topic: Topic): string {
  const [first = "", ...lines] = linesOf(topic);
  return fold(`${code(shortened(visible(first)))}${more(topic)}`, lines);
}

function deviations({ scenarios }: RunResult): string[] {
  const lines = declaredIn(scenarios).map(({ rule, reason }) => `- ${code(rule)}: ${code(shortened(visible(reason)))}`);
  return lines.length === 0 ? [] : ["### Declared deviations\n", ...lines];
}

import { pcapngBytes } from "../capture/pcapng.js";
import { conclude, nothingOfServices } from "../forwarding/captured/conclude.js";
import { evidenceOf } from "../forwarding/captured/evidence.js";
import { catalogue } from "../forwarding/catalogue.js";
import type { Finding } from "../forwarding/rule.js";
import type { Frame } from "../packet/frame.js";
import { collect } from "../report/collect.js";
import { commentsOf } from "../report/extract.js";
import { frameKey, nameOf, namesOfHop } from "../report/link.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { exitStatus } from "../report/verdict.js";
import { capturedResult, tell } from "./captured-result.js";
import { shellWord } from "./command.js";
import { writeExtracts } from "./extracts.js";
import { folderFor, unwritable } from "./folder.js";
import { isWritten } from "./formats.js";
import { writeFile } from "./paths.js";
import { ScenarioPrinter } from "./progress.js";
import { fileText } from "./results.js";
import { type Subject, type SubjectOptions, subjectOf } from "./verify-subject.js";
import { version } from "./version.js";
import { write } from "./write.js";

export interface VerifyOptions extends SubjectOptions {
  readonly profile: "core" | "extended";
  readonly reporter: readonly string[];
  readonly out?: string;
  readonly extract?: string;
}

/** Judges captures by a setup, or by what they tell of one; returns the exit status. */
export async function verify(files: readonly string[], options: VerifyOptions): Promise<number> {
  const started = performance.now();
  const startedAt = new Date().toISOString();
  const out = folderFor(options, startedAt);
  const subject = await subjectOf("verify", files, options);
  const scenario = judged(subject, options, commandOf(files, options), isWritten(options) ? out : undefined);
  for (const sentence of [...subject.flaws, ...(scenario.captured?.assumed ?? []), ...subject.notes])
    process.stderr.write(`${sentence}\n`);
  if (scenario.captured !== undefined) tell(scenario.captured);
  const result: RunResult = {
    schemaVersion: 1,
    tool: { name: "hopcheck", version },
    verdict: scenario.verdict === "not-supported" ? "inconclusive" : scenario.verdict,
    startedAt,
    durationMs: Math.round(performance.now() - started),
    profile: options.profile,
    reproduce: scenario.reproduce,
    scenarios: [scenario],
  };
  const printer = new ScenarioPrinter(options, out);
  printer.judged(scenario);
  printer.ended(result);
  await write(result, out, options).catch((error) => {
    throw unwritable(out, error);
  });
  return exitStatus(result.verdict);
}

/**
 * What captures prove, as results have it.
 * @param out the report's folder, where there is to be one: the frames of the journeys are written to it
 */
export function judged(subject: Subject, options: VerifyOptions, reproduce: string, out?: string): ScenarioResult {
  const started = performance.now();
  const { setup, withoutModel, captures, assumed } = subject;
  const found = evidenceOf(setup, captures, withoutModel);
  const rules = catalogue.filter((rule) => options.profile === "extended" || rule.profile === "core");
  const { findings, problem } = conclude(found.evidence, rules);
  const nothing = setup.services.length === 0 ? undefined : (nothingOfServices(setup, captures) ?? problem);
  const problems = [...found.contradictions, nothing ?? "", subject.problem ?? ""];
  if (options.extract !== undefined) writeExtracts(options.extract, found.evidence, findings);
  const trouble = problems.filter((one) => one !== "").join(" ");
  const taps = [...new Set(captures.map(({ tap, file }) => tap || file))];
  const result = collect({
    file: subject.file,
    title: `Captures of ${new Intl.ListFormat("en").format(taps)}`,
    covers: [],
    evidence: found.evidence,
    findings,
    ...(trouble === "" ? {} : { problem: trouble }),
    durationMs: performance.now() - started,
    captured: capturedResult(found, [...assumed, ...found.assumed]),
    reproduce,
  });
  if (out === undefined) return result;
  const text = options.vip === undefined ? fileText(subject.file) : {};
  return { ...result, ...keepFrames(result, found.evidence.frames, findings, out), ...text };
}

/** Writes the frames of the journeys that a result keeps, for it to name: the captures may be large, and lie elsewhere. */
function keepFrames(
  { journeys }: ScenarioResult,
  all: readonly Frame[],
  findings: readonly Finding[],
  out: string,
): Pick<ScenarioResult, "capture" | "captureFrames"> {
  const kept = new Set(journeys.flatMap(({ hops }) => hops.flatMap((hop) => namesOfHop(hop).map(frameKey))));
  const frames = all.filter((frame) => kept.has(frameKey(frame)));
  if (frames.length === 0) return {};
  const capture = "captures/judged.pcapng";
  writeFile(`${out}/${capture}`, pcapngBytes(frames, `hopcheck ${version}`, commentsOf(frames, findings)));
  return { capture, captureFrames: frames.map(nameOf) };
}

function commandOf(files: readonly string[], { vip, capture, profile }: VerifyOptions): string {
  const port = vip?.port === undefined ? "" : `:${vip.port}${vip.protocol === undefined ? "" : `/${vip.protocol}`}`;
  const address = vip === undefined ? undefined : port === "" || !vip.vip.includes(":") ? vip.vip : `[${vip.vip}]`;
  const words = [
    "hopcheck",
    "verify",
    ...(address === undefined ? [] : ["--vip", `${address}${port}`]),
    ...files,
    ...capture.flatMap(([tap, path]) => ["--capture", `${tap}=${path}`]),
    ...(profile === "extended" ? [] : ["--profile", profile]),
  ];
  return words.map(shellWord).join(" ");
}

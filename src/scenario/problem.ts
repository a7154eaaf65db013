import type { Position } from "./scenario.js";
import { plain } from "./suggest.js";

/** Something in a scenario or setup file that does not say what its author meant. */
export interface Problem {
  readonly position: Position;
  /** What stands there, what was meant, what to do. */
  readonly message: string;
  /** The line of the file, left out where the file could not be read. */
  readonly line?: string;
  /** How many characters of the line are meant. */
  readonly width?: number;
}

const SHOWN_PROBLEMS = 50;
const SHOWN_COLUMNS = 120;

/** All that is wrong with a scenario file, and with the setup that it names. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const inOrder = [...problems].sort(byPosition);
    super(describeAll(inOrder));
    this.problems = inOrder;
  }
}

/** A problem with a file as a whole, such as that there is none. */
export function fileError(file: string, message: string): ScenarioError {
  return new ScenarioError([{ position: { file, line: 1, column: 1 }, message }]);
}

function byPosition(a: Problem, b: Problem): number {
  if (a.position.file !== b.position.file) return a.position.file < b.position.file ? -1 : 1;
  return a.position.line - b.position.line || a.position.column - b.position.column;
}

function describeAll(problems: readonly Problem[]): string {
  const texts = problems.slice(0, SHOWN_PROBLEMS).map(describe);
  if (problems.length > SHOWN_PROBLEMS) texts.push(`and ${problems.length - SHOWN_PROBLEMS} more problems`);
  return texts.join("\n");
}

/** `file:line:column: message`, the source line and a caret below what is meant. */
export function describe(problem: Problem): string {
  const { file, line, column } = problem.position;
  const head = `${plain(file)}:${line}:${column}: ${problem.message}`;
  if (problem.line === undefined) return head;
  // A long line is shown from shortly before the place that is meant.
  const cut = problem.line.length > SHOWN_COLUMNS ? Math.max(0, column - 1 - SHOWN_COLUMNS / 2) : 0;
  const shown = `${cut > 0 ? "…" : ""}${plain(problem.line.slice(cut, cut + SHOWN_COLUMNS))}`;
  const before = column - 1 - cut + (cut > 0 ? 1 : 0);
  const width = Math.max(1, Math.min(problem.width ?? 1, shown.length - before));
  const gutter = String(line).padStart(5);
  return `${head}\n${gutter} | ${shown}\n${" ".repeat(gutter.length)} | ${" ".repeat(before)}${"^".repeat(width)}`;
}

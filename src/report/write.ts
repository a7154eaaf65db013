import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { renderReport } from "./html.js";
import { jsonChunks } from "./json.js";
import { captureLink } from "./link.js";
import type { RunResult, ScenarioResult } from "./result.js";

/** Where a report was written. */
export interface WrittenReport {
  readonly results: string;
  readonly page: string;
}

/** Writes `results.json` and `index.html` into a folder, which is made where it is missing. A reader never sees half a file. */
export async function writeReport(result: RunResult, folder: string): Promise<WrittenReport> {
  await mkdir(folder, { recursive: true });
  const results = join(folder, "results.json");
  // Data before page: where the page cannot be made, what was found is kept all the same.
  await replaceFile(results, jsonChunks(result));
  return { results, page: await writePage(result, folder) };
}

/**
 * Writes `index.html` into a folder, with the frames of the captures that lie there already, and the evidence of a
 * large run beside it; returns its path.
 */
export async function writePage(result: RunResult, folder: string): Promise<string> {
  const { page, beside } = renderReport(result, (scenario) => captureIn(folder, scenario));
  const file = join(folder, "index.html");
  for (const [path, text] of beside) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await replaceFile(join(folder, path), [text]);
  }
  await replaceFile(file, [page]);
  return file;
}

/** A result may come from anywhere: what it calls its capture is read only where it lies in the report's folder. */
function captureIn(folder: string, { capture }: ScenarioResult): Uint8Array | undefined {
  if (capture === undefined || captureLink(capture) === undefined) return undefined;
  try {
    return readFileSync(join(folder, capture));
  } catch {
    return undefined;
  }
}

/** Renaming is atomic only within a file system, so the temporary file stands beside its target. */
async function replaceFile(path: string, text: Iterable<string>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text, { flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderHtml } from "./html.js";
import { jsonChunks } from "./json.js";
import type { RunResult } from "./result.js";

/** Where a report was written. */
export interface WrittenReport {
  readonly results: string;
  readonly page: string;
}

/** Writes `results.json` and `index.html` into a folder, which is made where it is missing. A reader never sees half a file. */
export async function writeReport(result: RunResult, folder: string): Promise<WrittenReport> {
  await mkdir(folder, { recursive: true });
  const results = join(folder, "results.json");
  const page = join(folder, "index.html");
  // Data before page: where the page cannot be made, what was found is kept all the same.
  await replaceFile(results, jsonChunks(result));
  await replaceFile(page, [renderHtml(result)]);
  return { results, page };
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

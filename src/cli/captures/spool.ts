/** Standard input can be read once, and very many frames are read twice. */

import { createWriteStream, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const STDIN = "-";

let kept: Promise<string> | undefined;

/**
 * A path that can be read several times. What comes from standard input is kept in a file that has no name any more: it
 * is gone with the process, however that ends.
 */
export async function rereadable(path: string): Promise<string> {
  if (path !== STDIN) return path;
  kept ??= keep();
  return kept;
}

async function keep(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "hopcheck-stdin-"));
  const file = openSync(join(folder, "capture"), "wx+", 0o600);
  rmSync(folder, { recursive: true });
  await pipeline(process.stdin, createWriteStream("", { fd: file, autoClose: false }));
  return `/dev/fd/${file}`;
}

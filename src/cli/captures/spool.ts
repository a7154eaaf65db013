/** Standard input can be read once, and very many frames are read twice. */

import { createWriteStream, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

let kept: Promise<string> | undefined;

/**
 * A path under which standard input can be read several times. It is kept in a file that has no name any more: it is gone
 * with the process, however that ends.
 */
export function rereadable(): Promise<string> {
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

/** Standard input can be read once, and very many frames are read twice. */

import { closeSync, createWriteStream, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const STDIN = "-";

/** Keeps what comes from standard input in a file that has no name any more: it is gone with the process, however that ends. */
export class Spool {
  #file: number | undefined;

  /** A path that can be read several times. */
  async pathOf(path: string): Promise<string> {
    if (path !== STDIN) return path;
    const folder = mkdtempSync(join(tmpdir(), "hopcheck-stdin-"));
    const file = openSync(join(folder, "capture"), "wx+", 0o600);
    rmSync(folder, { recursive: true });
    this.#file = file;
    await pipeline(process.stdin, createWriteStream("", { fd: file, autoClose: false }));
    return `/dev/fd/${file}`;
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

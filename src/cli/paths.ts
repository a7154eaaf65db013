import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

/** A path as messages and results have it: from the working directory on, or whole where that is shorter. */
export function shown(path: string): string {
  const whole = resolve(path);
  const way = relative(process.cwd(), whole);
  return way !== "" && way.length <= whole.length ? way : whole;
}

/** Writes a file, and makes the folders that it lies in. */
export function writeFile(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

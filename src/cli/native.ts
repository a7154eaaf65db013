import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { quote } from "../lab/shell.js";

/** The npm packages with a part compiled for this machine: what needs no lab does without them. */
export const NATIVE_PACKAGES = ["cap", "koffi"] as const;

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

const NOT_INSTALLED = "not installed: npm could not compile it";

/** The command that mends what `loadProblem` found. A clone has its own set-up; an installed package is npm's. */
export function repair(name: string, problem: string): string {
  if (existsSync(`${ROOT}/package-lock.json`)) return `node ${quote(`${ROOT}/src/setup.mjs`)}`;
  // npm leaves out optional packages that it could not compile.
  if (problem === NOT_INSTALLED) return `npm install --omit=dev --no-save --no-audit --no-fund --prefix ${quote(ROOT)}`;
  return `npm rebuild --prefix ${quote(ROOT)} ${name}`;
}

/** Undefined where the npm package loads, otherwise why it does not, in one sentence. */
export async function loadProblem(name: string): Promise<string | undefined> {
  try {
    await import(name);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND")
      return "not installed: npm could not compile it";
    const message = error instanceof Error ? error.message : String(error);
    return (
      message
        .trim()
        .replaceAll(/\s+/g, " ")
        .split(/\.(?= )/)[0] ?? ""
    );
  }
}

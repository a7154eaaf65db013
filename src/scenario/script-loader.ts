import { readFileSync } from "node:fs";
import { createRequire, type LoadHook, type ResolveHook } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

/** Node's module hooks for scenarios: TypeScript without its types, and `hopcheck` meaning this very package. */
export const resolve: ResolveHook = (specifier, context, next) =>
  specifier === "hopcheck"
    ? { url: new URL("../index.js", import.meta.url).href, shortCircuit: true }
    : next(specifier, context);

export const load: LoadHook = (url, context, next) => {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  return { format: "module", source: withoutTypes(fileURLToPath(url)), shortCircuit: true };
};

function withoutTypes(file: string): string {
  // Loaded here: whoever registers these hooks waits for them, and not for this.
  const { transformSync } = require("@swc/wasm-typescript") as typeof import("@swc/wasm-typescript");
  try {
    return transformSync(readFileSync(file, "utf8"), { mode: "strip-only", module: true }).code;
  } catch (error) {
    if (error instanceof Error) throw error;
    // swc throws plain objects; columns count from 0 there.
    const { message, startLine: line = 1, startColumn = 0 } = error as SwcError;
    throw Object.assign(new SyntaxError(message), { position: { file, line, column: startColumn + 1 } });
  }
}

interface SwcError {
  readonly message: string;
  readonly startLine?: number;
  readonly startColumn?: number;
}

import { readFileSync } from "node:fs";
import type { LoadHook, ResolveHook } from "node:module";
import { fileURLToPath } from "node:url";
import { transformSync } from "@swc/wasm-typescript";

/** Node's module hooks for scenarios: TypeScript without its types, and `hopcheck` meaning this very package. */
export const resolve: ResolveHook = (specifier, context, next) =>
  specifier === "hopcheck"
    ? { url: new URL("../index.js", import.meta.url).href, shortCircuit: true }
    : next(specifier, context);

export const load: LoadHook = (url, context, next) => {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  const { code } = transformSync(readFileSync(fileURLToPath(url), "utf8"), { mode: "strip-only", module: true });
  return { format: "module", source: code, shortCircuit: true };
};

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileError } from "./problem.js";

const SCENARIO = /(\.yaml|\.scenario\.(ts|js))$/;

/** The scenario files among the paths and below the folders among them, sorted, each once. */
export function findScenarios(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) throw fileError(path, "there is no such file or folder");
    if (stat.isDirectory()) for (const file of below(path)) found.add(file);
    else if (SCENARIO.test(path)) found.add(path);
    else throw fileError(path, "this is not a scenario: their names end in .yaml, .scenario.ts or .scenario.js");
  }
  return [...found].sort();
}

function below(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    // Links to folders may lead round in circles, and what others installed are not the project's scenarios.
    if (entry.isDirectory()) return entry.name === "node_modules" || entry.name.startsWith(".") ? [] : below(path);
    return SCENARIO.test(entry.name) ? [path] : [];
  });
}

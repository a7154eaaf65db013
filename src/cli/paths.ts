import { relative, resolve } from "node:path";

/** A path as messages and results have it: from the working directory on, or whole where that is shorter. */
export function shown(path: string): string {
  const whole = resolve(path);
  const way = relative(process.cwd(), whole);
  return way !== "" && way.length <= whole.length ? way : whole;
}

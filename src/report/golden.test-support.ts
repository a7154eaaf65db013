import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const folder = new URL("../../fixtures/reports/", import.meta.url);

/** The path of a file that tests of reports are held against. */
export function reportFixture(name: string): string {
  return fileURLToPath(new URL(name, folder));
}

/**
 * Holds a whole output against the file of that name in fixtures/reports. With HOPCHECK_GOLDEN=write in the environment
 * the file is written anew instead: look at what `git diff` says of it.
 */
export function expectGolden(text: string, name: string): void {
  if (process.env.HOPCHECK_GOLDEN === "write") writeFileSync(reportFixture(name), text);
  expect(text).to.equal(readFileSync(reportFixture(name), "utf8"));
}

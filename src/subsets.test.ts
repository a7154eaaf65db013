/** What can be told of each fixture where captures of some machines are missing: a gain or a loss shows in the table. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { judged } from "./cli/verify-files.js";
import { bySetup } from "./cli/verify-subject.js";
import { readExpected } from "./recordings/recording.js";

const fixtures = fileURLToPath(new URL("../fixtures/captures", import.meta.url));

/** The machines that an engineer most likely gets at. */
const SUBSETS: readonly (readonly [string, RegExp])[] = [
  ["director", /^director/],
  ["client, director", /^(client|director)/],
  ["director, servers", /^(director|rs)/],
  ["client, servers", /^(client|rs)/],
  ["one NIC, servers", /^(director\/eth0|rs)/],
  ["servers", /^rs/],
  ["client", /^client/],
];

/**
 * Of captures with a fault: `found` where every rule that it breaks fails, `part` where some do, else the verdict. Of others
 * the rules that pass. Where there is no such capture: a dash.
 */
async function rowOf(name: string): Promise<string[]> {
  const { fails = [] } = readExpected(join(fixtures, name));
  const subject = await bySetup(join(fixtures, name, "setup.yaml"), []);
  return SUBSETS.map(([, isWanted]) => {
    const captures = subject.captures.filter(({ tap }) => isWanted.test(tap));
    if (captures.length === 0) return "-";
    const options = { capture: [], profile: "extended", reporter: [] } as const;
    const { verdict, findings } = judged({ ...subject, captures }, options, "");
    const failing = new Set(findings.filter(({ status }) => status === "fail").map(({ rule }) => rule));
    const found = fails.filter(({ rule }) => failing.has(rule)).length;
    if (found > 0) return found === fails.length ? "found" : "part";
    const passing = findings.filter(({ status }) => status === "pass").length;
    return fails.length > 0 ? verdict : `${verdict} ${passing}`;
  });
}

const WIDTHS = [24, ...SUBSETS.map(([name]) => Math.max(name.length, 15))];

function lineOf(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd((WIDTHS[index] ?? 0) + 2))
    .join("")
    .trimEnd();
}

describe("what a part of the captures tells", () => {
  it("is as the table of the fixtures has it", async () => {
    const names = readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const lines = [lineOf(["", ...SUBSETS.map(([name]) => name)])];
    for (const { name } of names) lines.push(lineOf([name, ...(await rowOf(name))]));
    expect(lines).to.deep.equal(readFileSync(join(fixtures, "subsets.txt"), "utf8").trimEnd().split("\n"));
  });
});

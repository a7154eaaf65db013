/** A capture that has missed frames accuses nobody: each good fixture, with frames left out by chance. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { judged } from "./cli/verify-files.js";
import { bySetup } from "./cli/verify-subject.js";
import { Random } from "./packet/mutate.test-support.js";
import { readExpected } from "./recordings/recording.js";

const fixtures = fileURLToPath(new URL("../fixtures/captures", import.meta.url));

/** Of a hundred frames that many are missing. */
const LOSSES = [1, 5];
const ROUNDS = Number(process.env.HOPCHECK_ROUNDS ?? 5);

describe("captures that have missed frames", () => {
  const folders = readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const good = folders.map(({ name }) => name).filter((name) => readExpected(join(fixtures, name)).verdict !== "fail");

  for (const name of good)
    it(`accuse nobody: ${name}`, async () => {
      const subject = await bySetup(join(fixtures, name, "setup.yaml"), []);
      const options = { capture: [], profile: "extended", reporter: [] } as const;
      const all = undefined;
      for (const loss of LOSSES)
        for (const only of [all, ...subject.captures.map(({ tap }) => tap)])
          for (let round = 1; round <= ROUNDS; round++) {
            const random = new Random(round);
            const captures = subject.captures.map((capture) => {
              const isWhole = only !== all && capture.tap !== only;
              return isWhole ? capture : { ...capture, frames: capture.frames.filter(() => random.below(100) >= loss) };
            });
            const { findings } = judged({ ...subject, captures }, options, "");
            const accused = findings.filter(({ status }) => status === "fail");
            const what = `round ${round}, ${loss} % of ${only ?? "all captures"}`;
            expect(
              accused.map(({ rule, suspect, observed }) => `${rule} ${suspect} ${observed}`),
              what,
            ).to.deep.equal([]);
          }
    });
});

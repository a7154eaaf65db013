import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { conclude } from "../../forwarding/captured/conclude.js";
import { evidenceOf } from "../../forwarding/captured/evidence.js";
import { catalogue } from "../../forwarding/catalogue.js";
import { loadCapturedSetup } from "../../scenario/load.js";
import { type ReadCaptures, readCaptures, type TapFile } from "./read.js";

const recordings = fileURLToPath(new URL("../../../fixtures/captures", import.meta.url));
/** Nothing is small enough to be judged as a whole. */
const NOTHING = { frames: 0, bytes: 0 };

describe("captures that are read through the screen", () => {
  const folders = readdirSync(recordings).filter((name) => existsSync(join(recordings, name, "setup.yaml")));

  for (const name of folders) {
    it(`have the verdicts that they have as a whole: ${name}`, async () => {
      const { setup, captures, withoutModel } = loadCapturedSetup(join(recordings, name, "setup.yaml"));
      const files = [...captures].flatMap(([tap, paths]) => paths.map((path): TapFile => [tap, path]));
      const verdicts = (read: ReadCaptures) => {
        const { findings, problem } = conclude(evidenceOf(setup, read.captures, withoutModel).evidence, catalogue);
        const fails = findings.filter(({ status }) => status === "fail");
        return { fails: [...new Set(fails.map(({ rule, suspect }) => `${rule} ${suspect}`))].toSorted(), problem };
      };
      const some = await readCaptures(files, setup, NOTHING);
      expect(some.captures.filter(({ frames, whole }) => frames.length > 0 && whole === undefined)).to.deep.equal([]);
      expect(some.problem).to.equal(undefined);
      expect(verdicts(some)).to.deep.equal(verdicts(await readCaptures(files, setup)));
    });
  }
});

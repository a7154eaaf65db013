import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Load, makeCaptures } from "../../capture/made-captures.js";
import { conclude } from "../../forwarding/captured/conclude.js";
import { evidenceOf } from "../../forwarding/captured/evidence.js";
import { catalogue } from "../../forwarding/catalogue.js";
import { loadCapturedSetup } from "../../scenario/load.js";
import { readCaptures, type TapFile } from "./read.js";

/** Nothing is small enough to be judged as a whole, and more than the rules are given. */
const NOTHING = { frames: 0, bytes: 0 };
const LOAD = { frames: 30_000, connections: 300 };
const PAYLOAD = 54;
const ACKNOWLEDGEMENT = 42;
const WINDOW = 48;

describe("large captures that are not the same at all places", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-streams-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function judged(load: Partial<Load>) {
    const made = makeCaptures({ folder, ...LOAD, ...load });
    const { setup, captures } = loadCapturedSetup(made.setup);
    const files = [...captures].flatMap(([tap, paths]) => paths.map((path): TapFile => [tap, path]));
    const read = await readCaptures(files, setup, NOTHING);
    const { findings, problem } = conclude(evidenceOf(setup, read.captures).evidence, catalogue);
    const of = (status: string) => findings.filter((one) => one.status === status).map(({ rule }) => rule);
    return { read, fails: of("fail"), passes: of("pass"), problems: [problem, read.problem] };
  }

  /** Of one packet of one connection alone, in a way that no checksum tells. */
  const only = (change: (frame: Buffer) => void): NonNullable<Load["fault"]> => {
    return (frame, connection, step) => {
      if (connection === 217 && step === 9) change(frame);
    };
  };
  const swap = only((frame) => {
    expect(frame.length).to.be.greaterThan(PAYLOAD + 8);
    const words = [frame.readUInt16BE(PAYLOAD), frame.readUInt16BE(PAYLOAD + 6)] as const;
    expect(words[0]).not.to.equal(words[1]);
    frame.writeUInt16BE(words[1], PAYLOAD);
    frame.writeUInt16BE(words[0], PAYLOAD + 6);
  });
  const acknowledge = only((frame) => {
    frame.writeUInt16BE(frame.readUInt16BE(ACKNOWLEDGEMENT + 2) + 1, ACKNOWLEDGEMENT + 2);
    frame.writeUInt16BE(frame.readUInt16BE(WINDOW) - 1, WINDOW);
  });

  for (const [name, load] of [
    ["with NICs that cut and put together", { isOffloaded: true }],
    ["of 96 bytes of each packet", { snapLength: 96 }],
    ["of 96 bytes, with NICs that cut and put together", { isOffloaded: true, snapLength: 96 }],
  ] as const) {
    it(`pass where nothing is wrong: ${name}`, async () => {
      const { read, fails, passes, problems } = await judged(load);
      expect(read.captures.flatMap(({ frames }) => frames).length).to.be.lessThan(14_000);
      expect(fails).to.deep.equal([]);
      expect(problems).to.deep.equal([undefined, undefined]);
      expect(passes).to.include.members(["DR-REQ-02"]);
    });

    it(`fail where one packet acknowledges something else: ${name}`, async () => {
      const { fails } = await judged({ ...load, fault: acknowledge });
      expect(fails).not.to.deep.equal([]);
    });
  }

  it("fail where two words of one packet's payload have changed places", async () => {
    const { fails } = await judged({ isOffloaded: true, fault: swap });
    expect(fails).not.to.deep.equal([]);
  });
});

import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { makeCaptures } from "../../capture/made-captures.js";
import { CaptureError } from "../../capture/read-capture.js";
import { loadCapturedSetup } from "../../scenario/load.js";
import { divideFiles } from "./division.js";
import { type ReadCaptures, readCaptures, type TapFile } from "./read.js";

/** Nothing is small enough to be judged as a whole. */
const NOTHING = { frames: 0, bytes: 0 };
const ONE = { most: 1, least: 1 };
/** More threads than files, whose shares end in the middle of them. */
const SEVERAL = { most: 3, least: 100_000 };

describe("the threads that read captures", () => {
  let folder: string;
  let files: TapFile[];
  let setup: ReturnType<typeof loadCapturedSetup>["setup"];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-threads-"));
    const made = makeCaptures({ folder, frames: 5000, connections: 50 });
    const captured = loadCapturedSetup(made.setup);
    setup = captured.setup;
    files = [...captured.captures].flatMap(([tap, paths]) => paths.map((path): TapFile => [tap, path]));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (threads: typeof ONE): Promise<ReadCaptures> => readCaptures(files, setup, NOTHING, threads);
  const path = (tap: string) => files.find(([own]) => own === tap)?.[1] ?? "";
  const shares = () =>
    divideFiles(
      files.map(([, file], number) => ({ number, path: file })),
      SEVERAL,
    );

  it("have shares that end in the middle of a file", async () => {
    const cut = (await shares()).flat().filter(({ from }) => from.position > 0);
    expect(await shares()).to.have.length(3);
    expect(cut.length).to.be.greaterThan(0);
  });

  it("find together what one finds alone", async () => {
    const [alone, together] = [await read(ONE), await read(SEVERAL)];
    expect(alone.captures.some(({ frames }) => frames.length > 0)).to.equal(true);
    expect(together).to.deep.equal(alone);
  });

  it("find the same where a file is cut off, and name the same packet", async () => {
    const file = path("rs2");
    truncateSync(file, readFileSync(file).length - 7);
    const [alone, together] = [await read(ONE), await read(SEVERAL)];
    expect(alone.flaws).to.have.length(1);
    expect(alone.flaws[0]).to.match(/rs2\.pcap is cut off behind frame \d{3}\. What stands before was read\./);
    expect(together).to.deep.equal(alone);
  });

  it("find the same where a file is damaged in front of a seam, behind which nothing counts", async () => {
    const file = path("client");
    const bytes = readFileSync(file);
    bytes.writeUInt32LE(0xffffffff, 24 + 8);
    writeFileSync(file, bytes);
    const [alone, together] = [await read(ONE), await read(SEVERAL)];
    expect(alone.flaws).to.have.length(1);
    expect(together).to.deep.equal(alone);
  });

  it("refuse, whoever of them reads it, what is no capture", async () => {
    for (const tap of ["client", "rs2"]) {
      const kept = readFileSync(path(tap));
      writeFileSync(path(tap), Buffer.alloc(kept.length, "text"));
      const error = await read(SEVERAL).catch((failure: unknown) => failure);
      expect(error).to.be.instanceOf(CaptureError);
      expect((error as CaptureError).message).to.equal(
        `${path(tap)} is no capture: it begins with 7465787474657874 ("texttext"). ` +
          "Files of pcap and pcapng can be read, also compressed by gzip or zstd.",
      );
      writeFileSync(path(tap), kept);
    }
  });
});

/** What is read, held against what Wireshark's own programs read, write, convert and merge. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { type CapturedFrame, captureFrames } from "./read-capture.js";
import { classicFile, MAGIC, Section } from "./reading/files.test-support.js";

const fixture = fileURLToPath(new URL("../../fixtures/captures/nat-requests.pcap", import.meta.url));
const SLL = 113;
/** tshark's name for an interface that the file does not name. */
const UNNAMED = "unknown";
/** They warn of being run by root. */
const QUIET = { stdio: "ignore" } as const;

/** What both tell of a frame. */
interface Told {
  readonly number: number;
  readonly time: string;
  readonly wireLength: number;
  readonly hex: string;
  readonly interfaceName?: string;
  readonly direction?: string;
}

async function ours(file: string): Promise<CapturedFrame[]> {
  const frames: CapturedFrame[] = [];
  const summary = await captureFrames(file, (frame) => frames.push(frame));
  expect(summary.flaw).to.equal(undefined);
  return frames;
}

function told({ number, time, wireLength, bytes, interfaceName, direction }: CapturedFrame): Told {
  return {
    number,
    time: `${time / 1_000_000_000n}.${String(time % 1_000_000_000n).padStart(9, "0")}`,
    wireLength,
    hex: Buffer.from(bytes).toString("hex"),
    ...(interfaceName === undefined ? {} : { interfaceName }),
    ...(direction === undefined ? {} : { direction }),
  };
}

/** Of tshark's JSON: a field with others below it is a text, and these stand in `…_tree` beside it. */
interface Dissected {
  readonly frame: Readonly<Record<string, string>> & {
    readonly "frame.interface_id_tree"?: Readonly<Record<string, string>>;
    readonly "frame.packet_flags_tree"?: Readonly<Record<string, string>>;
  };
  readonly frame_raw: readonly [hex: string];
}

function byTshark(file: string): Told[] {
  const output = execFileSync("tshark", ["-n", "-r", file, "-T", "json", "-x", "-J", "frame"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const records: { _source: { layers: Dissected } }[] = JSON.parse(output);
  const packets = records.filter(({ _source: { layers } }) => layers.frame["frame.encap_type"] !== undefined);
  return packets.map(({ _source: { layers } }) => {
    const { frame, frame_raw } = layers;
    const name = frame["frame.interface_id_tree"]?.["frame.interface_name"];
    const direction = Number(frame["frame.packet_flags_tree"]?.["frame.packet_flags_direction"] ?? 0);
    return {
      number: Number(frame["frame.number"]),
      time: frame["frame.time_epoch"] ?? "",
      wireLength: Number(frame["frame.len"]),
      hex: frame_raw[0],
      ...(name === undefined || name === UNNAMED ? {} : { interfaceName: name }),
      ...(direction === 1 ? { direction: "in" } : {}),
      ...(direction === 2 ? { direction: "out" } : {}),
    };
  });
}

describe("a capture as Wireshark's programs have it", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-tools-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(name: string, bytes: Uint8Array): string {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  }

  function converted(file: string, format: string, ...options: string[]): string {
    const out = join(folder, `converted.${format}`);
    execFileSync("editcap", [...options, "-F", format, file, out], QUIET);
    return out;
  }

  const bytesOf = (i: number) =>
    Uint8Array.from({ length: 16 + ((i * 37) % 400) }, (_, at) => (i * 31 + at * 7) & 0xff);
  /** In nanoseconds that microseconds can tell as well, so that every format can hold them. */
  const many = Array.from({ length: 300 }, (_, i) => ({
    bytes: bytesOf(i),
    original: bytesOf(i).length + (i % 3),
    seconds: 1_700_000_000 + i,
    fraction: (i * 7919 * 1000) % 1_000_000_000,
  }));

  it("gives the same frames as tshark, and the same in every format that editcap makes of it", async () => {
    const cooked = write("cooked.pcap", classicFile(many, { magic: MAGIC.nano, network: SLL, order: "big" }));
    for (const file of [fixture, cooked]) {
      const frames = await ours(file);
      expect(frames.length).to.be.greaterThan(4);
      expect(frames.map(told)).to.deep.equal(byTshark(file));
      for (const format of ["pcap", "nsecpcap", "modpcap", "pcapng"])
        expect(await ours(converted(file, format)), format).to.deep.equal(frames);
    }
  });

  it("gives frames cut by editcap with their lengths on the wire", async () => {
    const file = converted(write("whole.pcap", classicFile(many)), "pcapng", "-s", "40");
    const frames = await ours(file);
    expect(frames.every(({ bytes }) => bytes.length <= 40)).to.equal(true);
    expect(frames.map(told)).to.deep.equal(byTshark(file));
  });

  it("gives the frames of several interfaces that mergecap put into one file", async () => {
    const section = new Section("big").interface(1, 0, [2, Buffer.from("eth0")], [9, Uint8Array.of(9)]);
    for (const { bytes, original, seconds, fraction } of many)
      section.enhanced(0, BigInt(seconds) * 1_000_000_000n + BigInt(fraction + 5), bytes, original, [
        2,
        section.number(2),
      ]);
    const one = write("one.pcapng", section.bytes);
    const other = write("other.pcap", classicFile(many, { network: SLL }));
    const merged = join(folder, "merged.pcapng");
    execFileSync("mergecap", ["-F", "pcapng", "-w", merged, one, other], QUIET);
    const frames = await ours(merged);
    expect(frames).to.have.length(600);
    expect(new Set(frames.map(({ linkType }) => linkType))).to.deep.equal(new Set([1, SLL]));
    expect(frames.map(told)).to.deep.equal(byTshark(merged));
  });

  it("gives the frames of blocks and sections that no program writes any more", async () => {
    const first = new Section("big").interface(
      1,
      96,
      [9, Uint8Array.of(0x80 | 20)],
      [14, new Section("big").long(1_000_000n)],
    );
    const second = new Section("little").interface(SLL, 0, [9, Uint8Array.of(7)]);
    for (const { bytes, original } of many.slice(0, 40)) {
      first.enhanced(0, 0x123456789abcn + BigInt(original), bytes, original).obsolete(0, 77_777_777n, bytes, original);
      second.block(0x0bad, Buffer.alloc(8)).enhanced(0, 12_345_678_901_234_567n, bytes, original);
    }
    const file = write("sections.pcapng", Buffer.concat([first.bytes, second.bytes]));
    const frames = await ours(file);
    expect(frames).to.have.length(120);
    expect(frames.map(told)).to.deep.equal(byTshark(file));
  });
});

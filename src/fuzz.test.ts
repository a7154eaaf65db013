import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import fc from "fast-check";
import { catalogue } from "./forwarding/catalogue.js";
import { followJourneys } from "./forwarding/journey.js";
import { judge } from "./forwarding/judge.js";
import { PaperLab } from "./forwarding/testing/paper-lab.js";
import { exchange } from "./forwarding/testing/traffic.js";
import { datagramSpec, frameSpec } from "./packet/arbitrary.js";
import { Assembly } from "./packet/assembly.js";
import { l4Checksum, l4ChecksumState } from "./packet/checksum.js";
import { craft } from "./packet/craft.js";
import { type Field, fields } from "./packet/fields.js";
import { datagramKey, fragment, reassemble } from "./packet/fragment.js";
import type { Frame } from "./packet/frame.js";
import type { Ip } from "./packet/ip.js";
import { MAX_EXTENSIONS } from "./packet/ipv6-extensions.js";
import { decodeLink, LINK_TYPE } from "./packet/link.js";
import { mutated, Random } from "./packet/mutate.test-support.js";
import { MAX_NESTING, type Packet } from "./packet/packet.js";
import { View } from "./packet/view.js";
import { MAX_VLANS } from "./packet/vlan.js";

/** `HOPCHECK_FUZZ=10 npx mocha -g fuzzing` takes ten times the inputs, and others each time. */
const { HOPCHECK_FUZZ, HOPCHECK_SEED } = process.env;
const SEED = Number(HOPCHECK_SEED ?? (HOPCHECK_FUZZ === undefined ? 20 : Date.now() % 1e9));
const FACTOR = Number(HOPCHECK_FUZZ ?? 1);

interface Target {
  readonly name: string;
  readonly inputs: number;
  /** Sound inputs, and those that were trouble once. */
  seeds(): Uint8Array[];
  readonly mostReads?: number;
  /** Throws where something is wrong; `random` decides whatever else there is to decide. */
  read(input: Uint8Array, random: Random): void;
}

const TARGETS: readonly Target[] = [
  { name: "decodeLink", inputs: 700_000, seeds: frameSeeds, read: readFrame },
  { name: "a snap length", inputs: 200_000, seeds: frameSeeds, read: readCut },
  { name: "reassembly", inputs: 100_000, seeds: datagramSeeds, read: readFragments },
  { name: "the judge", inputs: 300, seeds: frameSeeds, read: judgeFrames, mostReads: 10_000_000 },
];

/** Reads of header fields that all questions about one frame may take: those of the deepest packets, and some more. */
const MOST_READS = 10_000;

const MODELS = ["nat", "dr", "tun"] as const;
const PAPER = { nat: exchange("nat"), dr: exchange("dr"), tun: exchange("tun") };

const LINK_TYPES = [...Array<number>(6).fill(LINK_TYPE.ethernet), ...Object.values(LINK_TYPE), 147];

describe("fuzzing", function () {
  this.timeout(600_000);

  for (const { name, inputs, seeds, read, mostReads = MOST_READS } of TARGETS) {
    it(`finds nothing in ${name}`, () => {
      const all = seeds();
      const random = new Random(SEED);
      const reads = countReads();
      try {
        for (let left = Number(inputs * FACTOR); left > 0; left--) {
          const input = mutated(all, random);
          reads.count = 0;
          try {
            read(input, random);
            if (reads.count > mostReads) throw new Error(`${reads.count} reads`);
          } catch (error) {
            throw new Error(`seed ${SEED}, input ${Buffer.from(input).toString("hex")}`, { cause: error });
          }
        }
      } finally {
        reads.stop();
      }
    });
  }
});

describe("a flood of fragments", () => {
  it("costs each of its frames the same", () => {
    const pieces = fragment(craft({ "udp.dstport": 53, payload: new Uint8Array(65_000) }), 8);
    const cost = (frames: number) => {
      const reads = countReads();
      const list = Array.from({ length: frames }, (_, index) => {
        // All but the first, so that it never ends; and each of them twice.
        const bytes = pieces[1 + (index % Math.min(frames / 2, pieces.length - 1))] as Uint8Array;
        return frameOf(bytes, "client", index);
      });
      followJourneys(list, new PaperLab("dr").setup);
      reads.stop();
      return reads.count / frames;
    };
    expect(cost(16_000)).to.be.below(1.5 * cost(2000));
  });
});

/** Counts what views read: work that no clock disturbs. */
function countReads(): { count: number; stop(): void } {
  const prototype = View.prototype as unknown as Record<"u8" | "u16" | "u32", (at: number) => number>;
  const { u8, u16, u32 } = prototype;
  const reads = { count: 0, stop: () => Object.assign(prototype, { u8, u16, u32 }) };
  for (const [name, original] of Object.entries({ u8, u16, u32 })) {
    prototype[name as "u8"] = function (this: View, at) {
      reads.count += 1;
      return original.call(this, at);
    };
  }
  return reads;
}

// Seeds

function hostile(): Uint8Array[] {
  const file = fileURLToPath(new URL("../fixtures/fuzz/frames.txt", import.meta.url));
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => /^[0-9a-f ]+$/.test(line)).map((line) => Buffer.from(line.replace(/ /g, ""), "hex"));
}

function frameSeeds(): Uint8Array[] {
  return [...fc.sample(frameSpec, { numRuns: 1000, seed: 1 }).map((spec) => craft(spec)), ...hostile()];
}

function datagramSeeds(): Uint8Array[] {
  return fc.sample(datagramSpec, { numRuns: 50, seed: 1 }).map((spec) => craft(spec));
}

// Targets

function readFrame(input: Uint8Array, random: Random): void {
  const packet = decodeLink(random.of(LINK_TYPES), input, input.length + random.of([0, 0, 0, 1, 100, -5, 70_000]));
  for (const one of chain(packet)) examine(one);
  if (random.below(4) === 0) checkPlaces(packet);
}

function chain(packet: Packet): Packet[] {
  const packets = [packet];
  for (let at = packet.inner ?? packet.quoted; at; at = at.inner ?? at.quoted) packets.push(at);
  if (packets.length > 1 + MAX_NESTING) throw new Error(`${packets.length} packets deep`);
  return packets;
}

function examine(packet: Packet): void {
  const { bytes, wireLength, vlans, ip, ip6, problem, missing, payload } = packet;
  const state = l4ChecksumState(packet);
  const isSound =
    wireLength >= bytes.length &&
    vlans.length <= MAX_VLANS &&
    (ip6?.extensions.headers.length ?? 0) <= MAX_EXTENSIONS &&
    missing >= 0 &&
    missing <= wireLength &&
    (missing === 0 || problem !== undefined || ip === undefined) &&
    (missing > 0 || problem?.isCut === undefined) &&
    (missing === 0 || (state !== "valid" && state !== "invalid")) &&
    (problem === undefined || /^\w+ header at byte \d+: .+/.test(problem.message)) &&
    payload.byteOffset >= bytes.byteOffset &&
    payload.byteOffset + payload.length <= bytes.byteOffset + bytes.length;
  if (!isSound) throw new Error(`not sound: ${JSON.stringify({ wireLength, missing, state, problem })}`);
  l4Checksum(packet);
  reassemble([packet, packet]);
}

function checkPlaces(packet: Packet): void {
  for (const { name, offset, length } of fields(packet)) {
    const isInside = offset >= 0 && length > 0 && offset + length <= packet.bytes.length;
    if (!isInside) throw new Error(`${name} at ${offset}+${length} of ${packet.bytes.length}`);
  }
}

/** These end with the bytes that are there. */
const AS_FAR_AS_THERE = /^(data\.|tcp\.hdr_len|(ip|tcp)\.options|ipv6\.(hopopts|routing|dstopts)|vrrp\.ip)/;

/** What a capture keeps of a frame says the same as the whole frame, or nothing. */
function readCut(input: Uint8Array, random: Random): void {
  const linkType = random.of(LINK_TYPES);
  const whole = decodeLink(linkType, input);
  const cut = decodeLink(linkType, input.subarray(0, random.below(input.length + 1)), input.length);
  const isWrong = chain(whole).some(({ problem }) => problem !== undefined);
  const all = new Map<string, Field>(fields(whole).map((field) => [field.name, field]));
  for (const field of fields(cut)) {
    if (AS_FAR_AS_THERE.test(field.name)) continue;
    const same = all.get(field.name);
    // Of a header that is wrong behind the cut nobody can know that it is.
    if (same ? same.value === field.value : isWrong) continue;
    throw new Error(`${field.name}: ${field.value} of ${same?.value}`);
  }
  const [states, cutStates] = [whole, cut].map((packet) => chain(packet).map(l4ChecksumState));
  for (const [index, state] of (cutStates ?? []).entries()) {
    if (state !== "absent" && state !== states?.[index]) throw new Error(`${state} of ${states?.[index]}`);
  }
}

/** Fragments in any order, some of them twice, some damaged: what comes out is whole, and the same however it was made. */
function readFragments(input: Uint8Array, random: Random): void {
  const { problem, ip } = decodeLink(LINK_TYPE.ethernet, input);
  if (problem || !ip) return;
  const pieces = fragment(input, 8 * (1 + random.below(60)));
  const key = datagramKey(decodeLink(LINK_TYPE.ethernet, pieces[0] as Uint8Array).ip as Ip);
  const fed: Packet[] = [];
  const assembly = new Assembly();
  for (let left = pieces.length + random.below(8); left > 0; left--) {
    const bytes = random.below(8) === 0 ? mutated(pieces, random) : random.of(pieces);
    const snapped = random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
    const packet = decodeLink(LINK_TYPE.ethernet, snapped, bytes.length);
    if (!packet.ip?.isFragment || datagramKey(packet.ip) !== key) continue;
    fed.push(packet);
    const whole = assembly.add(packet);
    if (!whole) continue;
    const again = reassemble(fed);
    const isSame = again !== undefined && Buffer.compare(again.bytes, whole.bytes) === 0;
    if (!isSame || whole.ip?.isFragment !== false) throw new Error("not the same whole");
    if (whole.end > whole.wireLength || (whole.missing === 0 && whole.problem?.isCut)) throw new Error("a false whole");
    return;
  }
}

/** Good traffic with damaged frames in between, at all taps: every rule gives its verdict. */
function judgeFrames(input: Uint8Array, random: Random): void {
  const lab = random.of(PAPER[random.of(MODELS)]);
  const whole = lab.evidence();
  const taps = [...new Set(whole.frames.map(({ tap }) => tap))];
  const damaged = Array.from({ length: 1 + random.below(8) }, (_, index) =>
    frameOf(
      index === 0
        ? input
        : mutated(
            whole.frames.map(({ bytes }) => bytes),
            random,
          ),
      random.of(taps),
      0,
    ),
  );
  const frames = [...whole.frames, ...damaged].map((frame) => ({ frame, order: random.below(4) }));
  const times = whole.frames.map(({ time }) => time);
  const dated = frames.map(({ frame, order }) => (order === 0 ? { ...frame, time: random.of(times) } : frame));
  dated.sort((left, right) => Number(left.time - right.time));
  judge({ ...whole, frames: dated, journeys: followJourneys(dated, whole.setup) }, catalogue);
}

function frameOf(bytes: Uint8Array, tap: string, index: number): Frame {
  const host = tap.split("/")[0] ?? tap;
  const common = {
    number: index + 1,
    tap,
    host,
    direction: bytes.length % 2 === 0 ? "in" : "out",
    time: BigInt(index),
  } as const;
  return { ...common, bytes, wireLength: bytes.length, checksumReady: undefined, packet: decodeLink(1, bytes) };
}

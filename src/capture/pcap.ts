import { createReadStream, readFileSync, statSync } from "node:fs";
import PcapParser from "pcap-parser";

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const SECOND = 1_000_000_000n;
const MICROSECOND = 1_000n;
const LINKTYPE_ETHERNET = 1;
const SNAP_LENGTH = 262_144;
const HEADER = 24;
const RECORD_HEADER = 16;
const SHORTEST_FRAME = 14;
/** It is held in memory, several times over. */
const LARGEST_FILE = 64 << 20;

/** The byte order of files that can be read, or what else a file is that begins so. */
const MAGICS: Readonly<Record<string, string>> = {
  d4c3b2a1: "LE",
  a1b2c3d4: "BE",
  "4d3cb2a1": "a capture with nanosecond times",
  a1b23c4d: "a capture with nanosecond times",
  "0a0d0d0a": "a pcapng file",
};

/** A frame as a capture file keeps it. */
export interface Recorded {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** The recorded bytes; may be fewer than were on the wire. */
  readonly bytes: Uint8Array;
  /** Bytes on the wire. */
  readonly wireLength: number;
}

export interface PcapOptions {
  /** Default: microseconds; what is finer is cut off. */
  readonly nanoseconds?: boolean;
  /** What the bytes begin with; default Ethernet. @see https://www.tcpdump.org/linktypes.html */
  readonly linkType?: number;
  /** Bytes of a frame that are kept at the most. */
  readonly snapLength?: number;
}

/** A classic pcap file (version 2.4, little endian). @see draft-ietf-opsawg-pcap */
export function pcapFile(frames: readonly Recorded[], options: PcapOptions = {}): Uint8Array {
  const { nanoseconds = false, linkType = LINKTYPE_ETHERNET, snapLength = SNAP_LENGTH } = options;
  const size = frames.reduce((sum, frame) => sum + RECORD_HEADER + Math.min(frame.bytes.length, snapLength), HEADER);
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(nanoseconds ? MAGIC_NANOSECONDS : MAGIC_MICROSECONDS, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(snapLength, 16);
  bytes.writeUInt32LE(linkType, 20);
  let at = HEADER;
  for (const frame of frames) {
    const kept = frame.bytes.subarray(0, snapLength);
    const fraction = frame.time % SECOND;
    bytes.writeUInt32LE(Number(frame.time / SECOND), at);
    bytes.writeUInt32LE(Number(nanoseconds ? fraction : fraction / MICROSECOND), at + 4);
    bytes.writeUInt32LE(kept.length, at + 8);
    bytes.writeUInt32LE(frame.wireLength, at + 12);
    bytes.set(kept, at + RECORD_HEADER);
    at += RECORD_HEADER + kept.length;
  }
  return bytes;
}

/** A classic pcap file (version 2.4, Ethernet) with these frames, a microsecond apart. */
export function pcapBytes(frames: readonly Uint8Array[]): Uint8Array {
  return pcapFile(frames.map((bytes, i) => ({ time: BigInt(i) * MICROSECOND, bytes, wireLength: bytes.length })));
}

/**
 * What keeps a file from being sent as a classic capture of Ethernet frames, to stand behind "the file is"; undefined:
 * nothing. The file may be hostile: no length in it is believed.
 */
export function pcapFlaw(file: string): string | undefined {
  try {
    const { size } = statSync(file);
    if (size > LARGEST_FILE) return `larger than ${LARGEST_FILE >> 20} MiB; cut it with editcap`;
    return flawOf(readFileSync(file));
  } catch (error) {
    return `unreadable: ${(error as Error).message}`;
  }
}

function flawOf(bytes: Buffer): string | undefined {
  const magic = bytes.toString("hex", 0, 4);
  const known = MAGICS[magic];
  if (known === undefined) return "no classic pcap file";
  if (known !== "LE" && known !== "BE") return `${known}; convert it: editcap -F pcap IN OUT`;
  const number = (at: number) => (known === "LE" ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  if (bytes.length < HEADER) return "cut off behind frame 0";
  const [major, minor] = known === "LE" ? [bytes[4], bytes[6]] : [bytes[5], bytes[7]];
  if (major !== 2 || minor !== 4) return `a pcap file of version ${major}.${minor}; only 2.4 can be read`;
  const link = number(20);
  if (link !== LINKTYPE_ETHERNET) return `of link type ${link}; only Ethernet (1) can be sent`;
  let at = HEADER;
  for (let frame = 1; at < bytes.length; frame++) {
    if (at + RECORD_HEADER > bytes.length) return `cut off behind frame ${frame - 1}`;
    const captured = number(at + 8);
    const original = number(at + 12);
    at += RECORD_HEADER + captured;
    if (at > bytes.length) return `cut off behind frame ${frame - 1}`;
    if (captured < original)
      return `a capture whose frame ${frame} was cut to ${captured} of ${original} bytes when it was recorded`;
    if (captured < SHORTEST_FRAME) return `a capture whose frame ${frame} has ${captured} bytes: no Ethernet header`;
  }
  return at === HEADER ? "a capture without a frame" : undefined;
}

/**
 * The frames of a small classic capture file.
 * @throws Error where the file has a flaw.
 */
export async function readPcap(file: string): Promise<Uint8Array[]> {
  // pcap-parser ends without a word where a file is cut off, and waits for as many bytes as a hostile one promises.
  const flaw = pcapFlaw(file);
  if (flaw !== undefined) throw new Error(`${file} is ${flaw}`);
  return new Promise((resolve, reject) => {
    const frames: Uint8Array[] = [];
    const parser = PcapParser.parse(createReadStream(file));
    parser.on("packet", ({ data }) => frames.push(Uint8Array.from(data)));
    parser.on("error", (error) => reject(new Error(`${file}: ${error.message}`)));
    parser.on("end", () => resolve(frames));
  });
}

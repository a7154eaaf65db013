/** Wireshark's dissection of frames, to hold ours against: `tshark` is the second opinion about every field. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A frame as a capture has it. */
export interface Captured {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
}

/** What our fields are held against; behind random ports any other protocol might be guessed. */
const PROTOCOLS =
  "frame eth ethertype vlan ieee8021ad sll null raw arp ip ipv6 ipv6.hopopts ipv6.dstopts ipv6.routing ipv6.fraghdr icmp icmpv6 tcp udp sctp vrrp gre data";

/** Every packet for itself, every checksum verified, and numbers as they are in the header. */
const PREFERENCES = [
  "ip.check_checksum:TRUE",
  "tcp.check_checksum:TRUE",
  "udp.check_checksum:TRUE",
  "sctp.checksum:CRC-32C",
  "ip.defragment:FALSE",
  "ipv6.defragment:FALSE",
  "tcp.relative_sequence_numbers:FALSE",
  "tcp.analyze_sequence_numbers:FALSE",
  "vlan.qinq_ethertype:0x9100",
];

/** Values of one name, from the outermost header to the innermost. */
export type Dissection = ReadonlyMap<string, readonly string[]>;

const SEPARATOR = "|";

/** The values that tshark finds for these names, one dissection a frame; what has no value is left out. */
export class Tshark {
  readonly #folder = mkdtempSync(join(tmpdir(), "hopcheck-tshark-"));
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
    const all = this.#run(["-G", "protocols"]).split("\n");
    const kept = new Set(PROTOCOLS.split(" "));
    const others = all.map((line) => line.split("\t")[2] ?? "").filter((name) => name !== "" && !kept.has(name));
    mkdirSync(join(this.#folder, "wireshark"));
    writeFileSync(join(this.#folder, "wireshark/disabled_protos"), others.join("\n"));
  }

  dissect(linkType: number, frames: readonly Captured[]): Dissection[] {
    const file = join(this.#folder, "frames.pcap");
    writeFileSync(file, pcap(linkType, frames));
    const options = PREFERENCES.flatMap((preference) => ["-o", preference]);
    const format = ["-T", "fields", "-E", "occurrence=a", "-E", `aggregator=${SEPARATOR}`];
    const lines = this.#run(["-n", "-r", file, ...options, ...format, ...this.#names.flatMap((name) => ["-e", name])]);
    return lines
      .split("\n")
      .slice(0, -1)
      .map((line) => this.#dissection(line.split("\t")));
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #dissection(values: readonly string[]): Dissection {
    const found = this.#names.map((name, index) => [name, (values[index] ?? "").split(SEPARATOR)] as const);
    return new Map(found.filter(([, list]) => list.join("") !== ""));
  }

  #run(args: readonly string[]): string {
    const env = { ...process.env, XDG_CONFIG_HOME: this.#folder };
    const { status, stdout, stderr, error } = spawnSync("tshark", args, { env, encoding: "utf8", maxBuffer: 2 ** 30 });
    if (error) throw error;
    if (status !== 0) throw new Error(`tshark ended with ${status}: ${stderr}`);
    return stdout;
  }
}

/** A classic capture file, little-endian, with nothing but what a dissector needs. */
function pcap(linkType: number, frames: readonly Captured[]): Buffer {
  const file = Buffer.alloc(24);
  file.writeUInt32LE(0xa1b2c3d4, 0);
  file.writeUInt16LE(2, 4);
  file.writeUInt16LE(4, 6);
  file.writeUInt32LE(0x40000, 16);
  file.writeUInt32LE(linkType, 20);
  const records = frames.map(({ bytes, wireLength }) => {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(bytes.length, 8);
    head.writeUInt32LE(wireLength, 12);
    return Buffer.concat([head, bytes]);
  });
  return Buffer.concat([file, ...records]);
}

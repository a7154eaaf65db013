import { expect } from "chai";
import fc from "fast-check";
import { datagramSpec, frameSpec } from "./arbitrary.js";
import { type ChecksumState, l4ChecksumState } from "./checksum.js";
import { craft, type PacketSpec, type SpecValue } from "./craft.js";
import { ETHERNET_HEADER_LENGTH } from "./ethernet.js";
import { FIELD_TABLES, fields } from "./fields.js";
import { fragment } from "./fragment.js";
import { decodeLink, LINK_TYPE } from "./link.js";
import type { Packet } from "./packet.js";
import { Sll } from "./sll.js";
import { TCP_FLAG } from "./tcp.js";
import { type Captured, type Dissection, Tshark } from "./tshark.test-support.js";
import { write16 } from "./view.js";
import { VLAN_ETHERTYPE } from "./vlan.js";

/** Frames that are compared; `HOPCHECK_FRAMES=100000 npx mocha -g tshark` compares more, others each time. */
const FRAMES = Number(process.env.HOPCHECK_FRAMES ?? 5000);
const SEED = process.env.HOPCHECK_FRAMES === undefined ? 1 : Date.now() % 1e9;
const FRAMES_A_FILE = 10_000;
const SHOWN = 20;

const PAD_N = 1;
const DRARP_ERROR = 7;
const EXPERIMENTAL_OPTION = 0x5e;
const UNKNOWN_CHUNK = 0x40;

/** What Wireshark has no field for: the bytes of IPv4's options and of IPv6's extension headers as one, and GUE. */
const UNNAMED = /^(ip\.options|ipv6\.(hopopts|routing|dstopts)|gue\..*|data\.len)$/;
const NAMES = Object.values(FIELD_TABLES)
  .flatMap((table) => table.map(({ name }) => name))
  .filter((name) => !UNNAMED.test(name));

/** Theirs is unverified as well of what a capture cut or an ICMP error quotes. */
const UNVERIFIED = "2";
const STATUS: Readonly<Record<ChecksumState, string>> = { invalid: "0", valid: "1", absent: UNVERIFIED, zero: "3" };
const PROVIDER_TAGS = ["priority", "dei", "id", "svid", "cvid"].map((name) => `ieee8021ad.${name}`);
const STATUSES = ["ip", "tcp", "udp", "icmp", "icmpv6", "sctp", "vrrp"].map((name) => `${name}.checksum.status`);

interface Sample extends Captured {
  readonly linkType: number;
}

/** What a capture may do to a frame, and a sender: tags, padding, a wrong byte, fragments, a snap length. */
const variation = fc.record({
  tags: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    fc.array(fc.tuple(fc.constantFrom(...Object.values(VLAN_ETHERTYPE)), fc.nat(0xffff)), { maxLength: 2 }),
  ),
  padding: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(40)),
  flipped: fc.option(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(7)), { freq: 4 }),
  snap: fc.option(fc.integer({ min: 14, max: 150 }), { freq: 4 }),
  link: fc.constantFrom(
    ...Array<string>(6).fill("ethernet"),
    "raw",
    "null",
    "swapped null",
    "loop",
    "sll",
    "sll2",
    "family",
  ),
  hardwareType: fc.constantFrom(1, 1, 1, 772, 0xfffe),
  packetType: fc.nat(4),
});

type Variation = typeof variation extends fc.Arbitrary<infer T> ? T : never;

/**
 * tshark gives up on a packet at an option of IPv4 or IPv6 or an SCTP chunk that is malformed: these are as long as they
 * say, and of a type that nobody knows, or padding.
 */
function soundInside(spec: PacketSpec): PacketSpec {
  const sound = ([name, value]: [string, SpecValue]): [string, SpecValue] => {
    if (value instanceof Uint8Array && /^ipv6\.(hopopts|dstopts)$/.test(name)) {
      return [
        name,
        Uint8Array.of(value[0] ?? 0, value[1] ?? 0, PAD_N, value.length - 4, ...new Uint8Array(value.length - 4)),
      ];
    }
    if (value instanceof Uint8Array && name === "ip.options" && value.length > 0) {
      return [name, Uint8Array.of(EXPERIMENTAL_OPTION, value.length, ...value.subarray(2))];
    }
    if (name === "payload" && value instanceof Uint8Array && spec["sctp.srcport"] !== undefined) {
      const chunk = new Uint8Array(Math.max(8, value.length));
      chunk.set(value);
      chunk.set([UNKNOWN_CHUNK | (value[0] ?? 0), value[1] ?? 0, 0, chunk.length]);
      return [name, chunk];
    }
    const isNested = name === "inner" || name === "quoted";
    return [name, isNested ? soundInside(value as PacketSpec) : value];
  };
  return Object.fromEntries(Object.entries(spec).map(sound));
}

const frame = fc.oneof(
  { weight: 5, arbitrary: frameSpec.map((spec) => craft(soundInside(spec))) },
  {
    weight: 1,
    arbitrary: fc.tuple(datagramSpec, fc.nat(3)).map(([spec, index]) => {
      const pieces = fragment(craft(soundInside(spec)), 504);
      return pieces[Math.min(index, pieces.length - 1)] as Uint8Array;
    }),
  },
);

const sample: fc.Arbitrary<Sample> = fc.tuple(frame, variation).map(([bytes, how]) => varied(bytes, how));

function varied(crafted: Uint8Array, how: Variation): Sample {
  const { linkType, bytes } = linked(crafted, how);
  const padded = Uint8Array.of(...bytes, ...new Uint8Array(how.padding));
  const { ip } = decodeLink(linkType, bytes);
  // Behind the header that says what it is: what is wrong in there is a checksum, or a field, and nothing hangs on it.
  if (how.flipped && ip && !ip.isFragment) {
    const [where, bit] = how.flipped;
    const flipped = Math.min(padded.length - 1, bytes.length - Math.floor(where * 8) - 1);
    if (flipped > ip.offset + ip.headerLength + 20) padded[flipped] = (padded[flipped] ?? 0) ^ (1 << bit);
  }
  return { linkType, bytes: padded.subarray(0, how.snap ?? padded.length), wireLength: padded.length };
}

function linked(crafted: Uint8Array, how: Variation): { linkType: number; bytes: Uint8Array } {
  const type = ((crafted[12] ?? 0) << 8) | (crafted[13] ?? 0);
  const packet = crafted.subarray(ETHERNET_HEADER_LENGTH);
  const isIp = type === 0x0800 || type === 0x86dd;
  const family = type === 0x0800 ? 2 : 30;
  switch (isIp ? how.link : how.link.startsWith("sll") ? how.link : "ethernet") {
    case "raw":
      return { linkType: LINK_TYPE.raw, bytes: packet };
    case "family":
      return { linkType: family === 2 ? LINK_TYPE.ipv4 : LINK_TYPE.ipv6, bytes: packet };
    case "null":
      return { linkType: LINK_TYPE.null, bytes: Uint8Array.of(family, 0, 0, 0, ...packet) };
    case "swapped null":
      return { linkType: LINK_TYPE.null, bytes: Uint8Array.of(0, 0, 0, family, ...packet) };
    case "loop":
      return { linkType: LINK_TYPE.loop, bytes: Uint8Array.of(0, 0, 0, family, ...packet) };
    case "sll":
      return { linkType: LINK_TYPE.sll, bytes: cooked(crafted, 1, how) };
    case "sll2":
      return { linkType: LINK_TYPE.sll2, bytes: cooked(crafted, 2, how) };
    default:
      return { linkType: LINK_TYPE.ethernet, bytes: tagged(crafted, how.tags) };
  }
}

function tagged(crafted: Uint8Array, tags: readonly (readonly [number, number])[]): Uint8Array {
  const inserted = tags.flatMap(([type, control]) => [type >> 8, type & 0xff, control >> 8, control & 0xff]);
  return Uint8Array.of(...crafted.subarray(0, 12), ...inserted, ...crafted.subarray(12));
}

function cooked(crafted: Uint8Array, version: 1 | 2, { hardwareType, packetType }: Variation): Uint8Array {
  const header = new Uint8Array(version === 1 ? 16 : 20);
  const hasMac = hardwareType !== 0xfffe;
  const sll = Sll.emit(header, 0, version, { packetType, hardwareType, interfaceIndex: 3 });
  if (hasMac) sll.src = "02:00:00:00:00:07";
  write16(header, version === 1 ? 14 : 0, ((crafted[12] ?? 0) << 8) | (crafted[13] ?? 0));
  return Uint8Array.of(...header, ...crafted.subarray(ETHERNET_HEADER_LENGTH));
}

/** Wireshark does not know GUE: what it carries is compared as a packet of its own. */
function insideGue({ linkType, bytes, wireLength }: Sample): Sample[] {
  const packet = decodeLink(linkType, bytes, wireLength);
  const outer = [packet, packet.inner].find((one) => one?.gue);
  if (!outer?.inner) return [];
  return [{ linkType: LINK_TYPE.raw, bytes: outer.inner.bytes, wireLength: outer.inner.wireLength }];
}

/** As tshark writes it: every value of a name, and the states of checksums. */
function dissected(packet: Packet): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (name: string, value: string) => {
    const list = found.get(name);
    if (list) list.push(value);
    else found.set(name, [value]);
  };
  const all = fields(packet);
  const gue = all.findIndex(({ name }) => name === "gue.version");
  const known = gue < 0 ? all : all.slice(0, gue);
  for (const { name, value } of known) {
    // A list is one value here.
    for (const one of name.startsWith("vrrp.ip") ? value.split(",") : [value]) add(name.replace(/#\d+$/, ""), one);
  }
  for (const at of chain(packet)) {
    if (at.ip4) add("ip.checksum.status", at.ip4.checksumValid ? "1" : "0");
    const protocol = (["tcp", "udp", "icmp", "sctp", "vrrp"] as const).find((name) => at[name]);
    if (protocol)
      add(`${protocol === "icmp" && at.ip6 ? "icmpv6" : protocol}.checksum.status`, STATUS[l4ChecksumState(at)]);
  }
  return found;
}

describe("tshark", function () {
  this.timeout(600_000);

  it("reads the same fields", () => {
    const tshark = new Tshark([...NAMES, ...STATUSES, ...PROVIDER_TAGS, "tcp.seq", "tcp.ack"]);
    const wrong: string[] = [];
    let compared = 0;
    for (let done = 0; done < FRAMES; done += FRAMES_A_FILE) {
      const samples = fc.sample(sample, { numRuns: Math.min(FRAMES_A_FILE, FRAMES - done), seed: SEED + done });
      samples.push(...samples.flatMap(insideGue));
      for (const linkType of new Set(samples.map((one) => one.linkType))) {
        const frames = samples.filter((one) => one.linkType === linkType);
        const theirs = tshark.dissect(linkType, frames);
        expect(theirs).to.have.length(frames.length);
        for (const [index, one] of frames.entries()) {
          compared += 1;
          wrong.push(...differences(one, theirs[index] as Dissection));
        }
      }
    }
    tshark.close();
    expect(compared).to.be.at.least(FRAMES);
    expect(wrong.slice(0, SHOWN), `${wrong.length} differences, seed ${SEED}`).to.deep.equal([]);
  });
});

function differences({ linkType, bytes, wireLength }: Sample, theirs: Dissection): string[] {
  const packet = decodeLink(linkType, bytes, wireLength);
  const ours = dissected(packet);
  const isCut = bytes.length < wireLength;
  return [...NAMES, ...STATUSES].flatMap((name) => {
    const [mine, other] = [ours.get(name) ?? [], theirsOf(name, theirs)];
    // Two names have no order among each other.
    if (name.startsWith("vlan.") && hasProviderTag(theirs)) for (const values of [mine, other]) values.sort(byText);
    const isSame = mine.length === other.length && mine.every((value, index) => isEqual(name, value, other[index]));
    if (isSame || isConvention(name, packet, theirs)) return [];
    if (isCut && mine.every((value, index) => isEqual(name, value, other[index]))) return [];
    return [
      `${name}: ${mine} here, ${other} there, of ${linkType}/${wireLength} ${Buffer.from(bytes).toString("hex")}`,
    ];
  });
}

function byText(left: string, right: string): number {
  return left < right ? -1 : 1;
}

function theirsOf(name: string, theirs: Dissection): string[] {
  const values = [...(theirs.get(name) ?? [])];
  // Theirs is the version of either family.
  if (name === "ip.version") return values.filter((value) => value !== "6");
  // They leave out the raw numbers of what an ICMP error quotes, and give them as the others, which are not relative here.
  const number = /^tcp\.(seq|ack)_raw$/.test(name) ? theirs.get(name.replace("_raw", "")) : undefined;
  if (number) return [...number];
  if (!hasProviderTag(theirs) || !name.startsWith("vlan.")) return values;
  const tags = name === "vlan.id" ? ["id", "svid", "cvid"] : [name.slice("vlan.".length)];
  return [...tags.flatMap((tag) => theirs.get(`ieee8021ad.${tag}`) ?? []), ...values];
}

/** They have names of their own for the tags of providers, which are one field here. */
function hasProviderTag(theirs: Dissection): boolean {
  return PROVIDER_TAGS.some((name) => theirs.has(name));
}

/** A packet and all that are in it, as far as Wireshark follows them. */
function chain(packet: Packet): Packet[] {
  const next = packet.gue ? undefined : (packet.inner ?? packet.quoted);
  return next ? [packet, ...chain(next)] : [packet];
}

/** Whether the two may differ in a field of this frame. */
function isConvention(name: string, packet: Packet, theirs: Dissection): boolean {
  const packets = chain(packet);
  // What stands in the place of a header that is cut short is data here, and so are SCTP's chunks; there, what GUE carries
  // is, and what a reset carries is not.
  if (name === "data.data") {
    return packets.some(
      ({ problem, sctp, gue, quoted, tcp }) =>
        problem || sctp || gue || quoted || (tcp && (tcp.flags & TCP_FLAG.rst) > 0),
    );
  }
  // Of a header that is cut short, and of some that ICMP errors quote whole, they give no more than the ports.
  if (name.startsWith("tcp.") && !name.endsWith("port")) {
    return packets.some(({ tcp, quoted }) => tcp?.isPartial || quoted?.tcp);
  }
  // A chunk that is cut short is none there, and then what an ICMP error quotes is no SCTP at all.
  if (name.startsWith("sctp.")) return packets.some(({ missing, quoted }) => missing > 0 || quoted?.sctp);
  // They read the two tags of a provider together or not at all.
  if (name.startsWith("vlan.") && packet.problem?.layer === "vlan") return true;
  // A DRARP error has no address that it asks for.
  if (name === "arp.dst.proto_ipv4") return packet.arp?.opcode === DRARP_ERROR;
  // The tags of providers have no such field there.
  return name === "vlan.etype" && hasProviderTag(theirs);
}

function isEqual(name: string, mine: string, other: string | undefined): boolean {
  if (STATUSES.includes(name) && other === UNVERIFIED) return true;
  return mine === other || number(name === "tcp.flags" ? flagBits(mine) : mine) === number(other);
}

function flagBits(text: string): string {
  if (text.startsWith("0x")) return text;
  return text === "none"
    ? "0"
    : String([...text].reduce((bits, letter) => bits | (1 << "FSRPAUEC".indexOf(letter)), 0));
}

function number(text: string | undefined): bigint | string | undefined {
  return text !== undefined && /^(0x[0-9a-f]+|\d+)$/.test(text) ? BigInt(text) : text;
}

import { expect } from "chai";
import fc from "fast-check";
import { type Sample, sample } from "./captured.test-support.js";
import { type ChecksumState, l4ChecksumState } from "./checksum.js";
import { FIELD_TABLES, fields } from "./fields.js";
import { decodeLink, LINK_TYPE } from "./link.js";
import type { Packet } from "./packet.js";
import { TCP_FLAG } from "./tcp.js";
import { type Dissection, Tshark } from "./tshark.test-support.js";
import { UDP_HEADER_LENGTH } from "./udp.js";

/** Frames that are compared; `HOPCHECK_FRAMES=100000 npx mocha -g tshark` compares more, others each time. */
const FRAMES = Number(process.env.HOPCHECK_FRAMES ?? 5000);
const SEED = Number(process.env.HOPCHECK_SEED ?? (process.env.HOPCHECK_FRAMES === undefined ? 1 : Date.now() % 1e9));
const FRAMES_A_FILE = 10_000;
const SHOWN = 20;

const TCP_OPTION_MPTCP = 30;
const IN_UDP: readonly number[] = [4754, 9899];
const DRARP_ERROR = 7;
/** Where they look in a raw packet for the beginning of PPP, which a driver of Linux once put there (packet-raw.c). */
const PPP_PLACES = [0, 1, 6];
const RAW: readonly number[] = [LINK_TYPE.rawBsd, LINK_TYPE.rawOpenBsd, LINK_TYPE.raw];

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
  // To these ports they expect GRE (RFC 8086) and SCTP (RFC 6951) in UDP.
  if (chain(packet).some(({ udp }) => udp && (IN_UDP.includes(udp.dstPort) || IN_UDP.includes(udp.srcPort)))) return [];
  if (RAW.includes(linkType) && PPP_PLACES.some((at) => bytes[at] === 0xff && bytes[at + 1] === 0x03)) return [];
  const ours = dissected(packet);
  // Of a header that ends before it should they show the beginning.
  const isCut = bytes.length < wireLength || chain(packet).some(({ problem }) => problem !== undefined);
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
  // They go on behind the first chunk, and behind one that is shorter than its own head.
  if (name.startsWith("sctp.chunk_")) return values.slice(0, 1);
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

/**
 * Data here are what stands in the place of a header that is cut short, SCTP's chunks, an option of neighbour discovery
 * that is longer than the message, and what is behind a datagram's end by UDP's account; data there is what GUE carries, but not what a reset or urgent segment does; what a SYN does is
 * twice, where a malformed option of MPTCP announces it.
 */
function hasOtherData({ problem, sctp, gue, quoted, tcp, udp, icmp, payload }: Packet): boolean {
  if (problem || sctp || gue || quoted || icmp?.kind.startsWith("neighbour-")) return true;
  if (udp && udp.length !== UDP_HEADER_LENGTH + payload.length) return true;
  return (
    tcp !== undefined && ((tcp.flags & (TCP_FLAG.rst | TCP_FLAG.urg)) > 0 || tcp.options.includes(TCP_OPTION_MPTCP))
  );
}

/** Whether the two may differ in a field of this frame. */
function isConvention(name: string, packet: Packet, theirs: Dissection): boolean {
  const packets = chain(packet);
  if (name === "data.data") {
    // Some malformed options of TCP hide what is behind them.
    const isHidden = !theirs.has(name) && packets.some(({ tcp }) => tcp !== undefined && tcp.options.length > 0);
    return isHidden || packets.some(hasOtherData);
  }
  // Of a datagram shorter than its own header they read no checksum.
  if (name.startsWith("udp.checksum")) return packets.some(({ problem }) => problem?.layer === "udp");
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

/** Frames as captures have them: what crafting gives, behind other link layers, tagged, padded, damaged and cut. */

import fc from "fast-check";
import { datagramSpec, frameSpec } from "./arbitrary.js";
import { craft, type PacketSpec, type SpecValue } from "./craft.js";
import { ETHERNET_HEADER_LENGTH } from "./ethernet.js";
import { fragment } from "./fragment.js";
import { decodeLink, LINK_TYPE } from "./link.js";
import { Sll } from "./sll.js";
import type { Captured } from "./tshark.test-support.js";
import { write16 } from "./view.js";
import { VLAN_ETHERTYPE } from "./vlan.js";

const PAD_N = 1;
const UNKNOWN_CHUNK = 0x40;
const EXPERIMENTAL_OPTION = 0x5e;

export interface Sample extends Captured {
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

/** Frames of every link type that is read, whole and cut, in order and with a bit flipped. */
export const sample: fc.Arbitrary<Sample> = fc.tuple(frame, variation).map(([bytes, how]) => varied(bytes, how));

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

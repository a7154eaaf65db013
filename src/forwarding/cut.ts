/** What captures with a snap length did not keep, and what frames of different captures can be compared by all the same. */

import { decodeAs } from "../packet/fragment.js";
import type { Frame } from "../packet/frame.js";
import type { Packet } from "../packet/packet.js";
import { core } from "./datagram.js";
import type { Sighting } from "./journey.js";
import type { Outcome } from "./outcome.js";
import type { Seen } from "./relays.js";
import type { View } from "./view.js";

/** What all captures have of their frames. */
export interface Kept {
  /** Both MACs of every frame. */
  readonly hasMacs: boolean;
  /** The packet with no more behind the header of what was sent than every capture keeps; itself where all is kept. */
  common(packet: Packet): Packet;
}

/** Looks at all frames once: one capture that keeps less is what all others are compared by. */
export function keptBy(frames: readonly Frame[]): Kept {
  let content = Number.POSITIVE_INFINITY;
  let hasMacs = true;
  for (const { packet } of frames) {
    const isKnown = packet.linkSrc !== undefined && packet.linkDst !== undefined;
    if (!isKnown && (packet.ip !== undefined || packet.arp !== undefined)) hasMacs = false;
    if (packet.missing > 0) content = Math.min(content, contentOf(packet));
  }
  const isWhole = content === Number.POSITIVE_INFINITY;
  return { hasMacs, common: (packet) => (isWhole ? packet : clipped(packet, content)) };
}

/** Bytes that are there behind the header of what was sent, out of all tunnels. */
function contentOf(packet: Packet): number {
  const { ip, bytes } = core(packet);
  return ip === undefined ? Number.POSITIVE_INFINITY : bytes.length - ip.offset - ip.headerLength;
}

function clipped(packet: Packet, content: number): Packet {
  const { ip, bytes } = core(packet);
  if (ip === undefined) return packet;
  const end = bytes.byteOffset - packet.bytes.byteOffset + ip.offset + ip.headerLength + content;
  return end >= packet.bytes.length || end >= packet.end
    ? packet
    : decodeAs(packet, packet.bytes.subarray(0, end), packet.wireLength);
}

/** Whether a capture did not keep all bytes of one of these packets. */
export function isCut(...sightings: readonly Sighting[]): boolean {
  return sightings.some(({ packet }) => packet.missing > 0);
}

const readable = new WeakMap<View, boolean>();

/** False where a capture cut headers: what is not seen may be in one of those frames. */
export function isReadable(view: View): boolean {
  let found = readable.get(view);
  if (found === undefined) {
    found = view.sightings.every(({ packet }) => hasHeaders(packet));
    readable.set(view, found);
  }
  return found;
}

function hasHeaders({ problem, ip, inner, quoted }: Packet): boolean {
  const isBodyCut = ip !== undefined && problem?.offset === ip.offset;
  if (problem?.isCut && !isBodyCut) return false;
  return [inner, quoted].every((one) => one === undefined || hasHeaders(one));
}

/** What a rule says that needs bytes which the captures did not keep: neither that it holds nor that it does not. */
export function unseen(...at: readonly Sighting[]): Outcome {
  const frames = at.flatMap((sighting) => sighting.frames);
  const shortest = frames.find(({ packet }) => packet.missing > 0) ?? frames[0];
  const [kept, sent] = [shortest?.bytes.length ?? 0, shortest?.packet.wireLength ?? 0];
  return { status: "not-exercised", at, reason: `the captures keep ${kept} of ${sent} bytes; record with -s 0` };
}

/** What a rule says about MACs that the captures do not have: cooked ones have the sender's alone, raw ones none. */
export function noMacs(...at: readonly Sighting[]): Outcome {
  const reason = "the captures do not have the frames' MACs; record at each interface by its name, not at `any`";
  return { status: "not-exercised", at, reason };
}

/** What a rule says about a MAC whose owner nobody knows, or about a host whose MAC nobody knows. */
export function unknownMacs(...at: readonly Sighting[]): Outcome {
  const reason =
    "neither the setup nor the captures tell which MAC each host has that a frame may be for; name them in the setup";
  return { status: "not-exercised", at, reason };
}

/** What a rule says about an address that is nobody's: a setup beside captures need not list all that the director has. */
export function unknownAddress(ip: string, ...at: readonly Sighting[]): Outcome {
  const reason = `nobody in the setup has ${ip}; name all addresses of the director in it`;
  return { status: "not-exercised", at, reason };
}

/** What a rule says about a director that was not recorded, where others may have done to the packet what is to be judged. */
export function unseenAtDirector(seen: Seen, ...at: readonly Sighting[]): Outcome {
  const reason =
    seen === "behind"
      ? "no capture shows the packet before the director; one of the director, or of who sent the packet, would settle it"
      : "where it was seen the packet was not next to the director on both sides; a capture of the director would settle it";
  return { status: "not-exercised", at, reason };
}

/** Bytes that IP carries, by what is there and by what is known to be missing. */
export function carriedLength(packet: Packet): number {
  const { ip, bytes, missing, end } = packet;
  return ip === undefined ? 0 : Math.min(end, bytes.length) - ip.offset - ip.headerLength + missing;
}

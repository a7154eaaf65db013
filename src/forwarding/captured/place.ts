/** Which NIC of its host each frame was recorded at, and whether it came in or went out there. */

import type { Direction } from "../../packet/frame.js";
import { type Host, hasAddress, hasMac, isOnLink, type Nic, type Setup, tapName } from "../setup.js";
import { type Capture, type CapturedFrame, directionOf, isForOthers, isUnicast } from "./capture.js";

/** A frame at its place. */
export interface Placed {
  readonly frame: CapturedFrame;
  readonly host: string;
  readonly tap: string;
  readonly direction: Direction;
  readonly capture: Capture;
}

/** The frames of one capture that are its host's, in the order of the file. */
export interface PlacedCapture {
  readonly capture: Capture;
  readonly host: Host;
  /** The taps that the frames were recorded at. */
  readonly taps: readonly string[];
  readonly frames: readonly Placed[];
  /** How many frames between other hosts were left out: a promiscuous NIC's, or a mirror port's. */
  readonly foreign: number;
}

/**
 * Puts each frame of a capture at a NIC of its host.
 * @param tap where most of its frames were recorded
 */
export function placeFrames(setup: Setup, capture: Capture, tap: string): PlacedCapture | undefined {
  const host = setup.hosts.find((candidate) => candidate.nics.some((nic) => tapName(candidate, nic) === tap));
  const usual = host?.nics.find((nic) => tapName(host, nic) === tap);
  if (host === undefined || usual === undefined) return undefined;
  // A capture that is said to be of one NIC has frames of that one alone.
  const nics = capture.tap === tap ? [usual] : host.nics;
  const vips = new Set(setup.services.map(({ vip }) => vip));
  const frames: Placed[] = [];
  for (const frame of capture.frames) {
    const place = placeOf(frame, host, nics, usual, vips);
    if (place === undefined) continue;
    frames.push({ frame, host: host.name, tap: tapName(host, place.nic), direction: place.direction, capture });
  }
  const taps = [...new Set([tap, ...frames.map((placed) => placed.tap)])];
  return { capture, host, taps, frames, foreign: capture.frames.length - frames.length };
}

interface Place {
  readonly nic: Nic;
  readonly direction: Direction;
}

function placeOf(
  frame: CapturedFrame,
  host: Host,
  nics: readonly Nic[],
  usual: Nic,
  vips: ReadonlySet<string>,
): Place | undefined {
  const { linkSrc, linkDst } = frame.packet;
  const sender = nics.find((nic) => hasMac(nic, linkSrc ?? ""));
  const receiver = nics.find((nic) => hasMac(nic, linkDst ?? ""));
  const direction = directionOf(frame);
  if (isForOthers(frame.packet.sll)) return undefined;
  if (sender !== undefined && direction !== "in") return { nic: sender, direction: "out" };
  if (receiver !== undefined && direction !== "out") return { nic: receiver, direction: "in" };
  if (linkDst !== undefined && !isUnicast(linkDst)) return { nic: usual, direction: direction ?? "in" };
  if (linkDst !== undefined && usual.mac !== "") return undefined;
  const nic = nics.find((candidate) => isAt(frame, candidate)) ?? nics.find((one) => isNear(frame, one)) ?? usual;
  return { nic, direction: direction ?? directionByAddress(frame, host, vips) };
}

/** Without MACs the addresses tell: what a real server or the director sends for a service comes from the VIP. */
function directionByAddress({ packet }: CapturedFrame, host: Host, vips: ReadonlySet<string>): Direction {
  const src = packet.ip?.src ?? packet.arp?.senderIp ?? "";
  const isOwn = host.nics.some((nic) => hasAddress(nic, src));
  return isOwn || (host.role === "real-server" && vips.has(src)) ? "out" : "in";
}

/** Whether the sender is on the NIC's segment, which is where a cooked capture of several NICs saw it come in. */
function isNear({ packet: { ip } }: CapturedFrame, nic: Nic): boolean {
  return ip !== undefined && isOnLink(nic, ip.src);
}

function isAt({ packet: { ip } }: CapturedFrame, nic: Nic): boolean {
  return ip !== undefined && (hasAddress(nic, ip.src) || hasAddress(nic, ip.dst));
}

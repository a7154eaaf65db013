/** What capture files hold, before anybody has asked who sent what. */

import type { Direction } from "../../packet/frame.js";
import type { Packet } from "../../packet/packet.js";
import { SLL_PACKET_TYPE, type Sll } from "../../packet/sll.js";

/** A frame of a capture file. */
export interface CapturedFrame {
  /** Position in its file, from 1. */
  readonly number: number;
  /** Nanoseconds since the epoch, of the clock of the machine that recorded it. */
  readonly time: bigint;
  readonly bytes: Uint8Array;
  /** Bytes on the wire. */
  readonly wireLength: number;
  readonly packet: Packet;
  /** As the file says; left out where it does not. See `directionOf`. */
  readonly direction?: Direction;
}

/** The frames of one interface of one capture file, in the order of the file; or, with `whole`, some of them. */
export interface Capture {
  /** The host that it was taken on, or one of its taps; empty where that is still to be found out. */
  readonly tap: string;
  /** As messages name the file. */
  readonly file: string;
  readonly frames: readonly CapturedFrame[];
  readonly whole?: Whole;
}

/** Of a capture that only a selection of the frames is taken from: all of it. */
export interface Whole {
  readonly frames: number;
  /** Times of the earliest and the latest frame, as `CapturedFrame.time`. */
  readonly from: bigint;
  readonly to: bigint;
}

/** Which way a frame went, as the file says, or the header of a cooked capture; undefined where neither does. */
export function directionOf({ direction, packet: { sll } }: CapturedFrame): Direction | undefined {
  if (direction !== undefined || sll === undefined || isForOthers(sll)) return direction;
  return sll.packetType === SLL_PACKET_TYPE.outgoing ? "out" : "in";
}

/** Whether a cooked capture says of a frame that it was for another host. */
export function isForOthers(sll: Sll | undefined): boolean {
  return sll?.packetType === SLL_PACKET_TYPE.toOther;
}

/** Whether a MAC is that of one NIC: neither a group's nor none. */
export function isUnicast(mac: string | undefined): mac is string {
  if (mac === undefined || mac === "" || mac === "00:00:00:00:00:00") return false;
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;
}

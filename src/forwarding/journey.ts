import type { Direction, Frame } from "../packet/frame.js";
import type { Packet } from "../packet/packet.js";

/** A datagram at one tap: one frame, or all its fragments. */
export interface Sighting {
  readonly host: string;
  readonly tap: string;
  readonly direction: Direction;
  /** In the order of their times; several where the datagram was fragmented. */
  readonly frames: readonly Frame[];
  /** The whole datagram; reassembled where it came in fragments. */
  readonly packet: Packet;
  /** False for a frame that a bridge flooded to a NIC with another MAC. */
  readonly addressed: boolean;
  /** The sighting that caused this one; left out where the datagram was first seen. */
  readonly from?: Sighting;
}

/** One datagram followed across taps, through rewriting and encapsulation; a tree where it was duplicated. */
export interface Journey {
  /** In causal order: a sighting stands behind the one it came from. */
  readonly sightings: readonly Sighting[];
}

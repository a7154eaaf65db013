import type { Packet } from "./packet.js";

/** `in`: the host at this tap received the frame; `out`: it sent it. */
export type Direction = "in" | "out";

/** One frame recorded at a tap. */
export interface Frame {
  /** Position, from 1, in the capture file that holds it: the number that Wireshark shows. A lab writes one file for all its taps. */
  readonly number: number;
  /** The capture file that holds it, where its tap has several. */
  readonly file?: string;
  /** Where it was recorded: see `tapName` of the setup. */
  readonly tap: string;
  /** The host whose NIC the tap watches. */
  readonly host: string;
  readonly direction: Direction;
  /** Nanoseconds since the epoch, one clock for all taps of a lab. */
  readonly time: bigint;
  /** The recorded bytes; may be fewer than were on the wire. */
  readonly bytes: Uint8Array;
  /** Bytes on the wire. */
  readonly wireLength: number;
  /**
   * False where the kernel says that the sender had not yet filled in the L4 checksum (offload); undefined where nobody
   * says, as in a capture file.
   */
  readonly checksumReady: boolean | undefined;
  readonly packet: Packet;
}

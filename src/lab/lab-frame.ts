import type { RawFrame } from "../capture/ring.js";
import type { Direction, Frame } from "../packet/frame.js";
import { decode, type Packet } from "../packet/packet.js";

/** A recorded frame; decoded when somebody first looks into it. */
export class LabFrame implements Frame {
  readonly number: number;
  readonly tap: string;
  readonly host: string;
  readonly direction: Direction;
  readonly time: bigint;
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly checksumReady: boolean;
  #packet: Packet | undefined;

  /** @param raw as seen at the NIC's far end: what leaves there, the host receives. */
  constructor(number: number, tap: string, host: string, raw: RawFrame) {
    this.number = number;
    this.tap = tap;
    this.host = host;
    this.direction = raw.outgoing ? "in" : "out";
    this.time = raw.time;
    this.bytes = raw.bytes;
    this.wireLength = raw.wireLength;
    this.checksumReady = raw.checksumReady;
  }

  get packet(): Packet {
    this.#packet ??= decode(this.bytes, this.wireLength);
    return this.#packet;
  }
}

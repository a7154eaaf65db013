import { reassemble } from "../../packet/fragment.js";
import type { Ipv4 } from "../../packet/ipv4.js";
import type { Packet } from "../../packet/packet.js";

/** A whole datagram, and how it came. */
export interface Datagram {
  /** Begins with the IP header. */
  readonly packet: Packet;
  /** Bytes of the largest packet that it came in: what DF is held against (`frag_max_size` of Linux). */
  readonly largest: number;
}

interface Pending {
  /** By offset. */
  readonly pieces: Map<number, Packet>;
  received: number;
  /** Bytes of payload in all; known with the last fragment. */
  total: number | undefined;
}

/**
 * Gathers fragments until their datagram is whole (RFC 791 §3.2, `ip_vs_gather_frags`), in any order.
 *
 * There is no clock: an unfinished datagram is given up when newer ones need its place. One whose fragments contradict
 * each other is dropped as a whole.
 */
export class Reassembly {
  readonly #limit: number;
  readonly #pending = new Map<string, Pending>();

  /** @param limit most unfinished datagrams that are kept, each of at most 64 KiB */
  constructor(limit = 64) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#pending.size;
  }

  /**
   * @param packet a whole packet, or one fragment; begins with its IP header
   * @returns the datagram, once it is whole
   */
  add(packet: Packet, ip: Ipv4): Datagram | undefined {
    if (!ip.isFragment) return { packet, largest: ip.length };
    const key = `${ip.protocol} ${ip.src} ${ip.dst} ${ip.id}`;
    const pending = this.#pending.get(key) ?? this.#open(key);
    const verdict = take(pending, packet, ip);
    if (verdict !== "more") this.#pending.delete(key);
    if (verdict !== "whole") return undefined;
    const pieces = [...pending.pieces.values()];
    const whole = reassemble(pieces);
    const largest = Math.max(...pieces.map((piece) => piece.bytes.length));
    return whole === undefined ? undefined : { packet: whole, largest };
  }

  #open(key: string): Pending {
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined && this.#pending.size >= this.#limit) this.#pending.delete(oldest);
    const pending: Pending = { pieces: new Map(), received: 0, total: undefined };
    this.#pending.set(key, pending);
    return pending;
  }
}

function take(pending: Pending, packet: Packet, ip: Ipv4): "more" | "whole" | "contradiction" {
  const offset = ip.fragmentOffset;
  const length = ip.length - ip.headerLength;
  const earlier = pending.pieces.get(offset);
  if (earlier !== undefined) return sameContent(earlier, packet) ? "more" : "contradiction";
  if (!ip.mf) {
    if (pending.total !== undefined) return "contradiction";
    pending.total = offset + length;
  }
  pending.pieces.set(offset, packet);
  pending.received += length;
  if (pending.total === undefined || pending.received < pending.total) return "more";
  return pending.received === pending.total ? "whole" : "contradiction";
}

function sameContent(one: Packet, other: Packet): boolean {
  const content = ({ bytes, ip }: Packet) => bytes.subarray(ip?.headerLength ?? 0);
  return one.ip?.mf === other.ip?.mf && Buffer.compare(content(one), content(other)) === 0;
}

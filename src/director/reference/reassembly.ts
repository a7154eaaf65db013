import { contentLength, datagramKey, reassemble } from "../../packet/fragment.js";
import type { Ip } from "../../packet/ip.js";
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

/** How much is kept; beyond it the datagram that has waited longest is given up. */
export interface ReassemblyLimits {
  /** Unfinished datagrams. */
  readonly datagrams: number;
  /** Fragments of all of them. */
  readonly pieces: number;
}

const LIMITS: ReassemblyLimits = { datagrams: 64, pieces: 4096 };

/**
 * Gathers fragments until their datagram is whole (RFC 791 §3.2, RFC 8200 §4.5, `ip_vs_gather_frags`), in any order.
 *
 * There is no clock: an unfinished datagram waits until others need its place. One whose fragments contradict
 * each other is dropped as a whole.
 */
export class Reassembly {
  readonly #limits: ReassemblyLimits;
  readonly #pending = new Map<string, Pending>();
  #pieces = 0;

  constructor(limits: ReassemblyLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Unfinished datagrams, and the fragments of all of them. */
  get size(): ReassemblyLimits {
    return { datagrams: this.#pending.size, pieces: this.#pieces };
  }

  /**
   * @param packet a whole packet, or one fragment; begins with its IP header
   * @returns the datagram, once it is whole
   */
  add(packet: Packet, ip: Ip): Datagram | undefined {
    if (!ip.isFragment) return { packet, largest: ip.length };
    const key = datagramKey(ip);
    const pending = this.#pending.get(key) ?? { pieces: new Map(), received: 0, total: undefined };
    this.#remove(key);
    // Whole by its bytes; whether they fit together, `reassemble` says.
    const verdict = take(pending, packet, ip);
    if (verdict === "more") this.#keep(key, pending);
    if (verdict !== "whole") return undefined;
    const pieces = [...pending.pieces.values()];
    const whole = reassemble(pieces);
    const largest = Math.max(...pieces.map((piece) => piece.bytes.length));
    return whole === undefined ? undefined : { packet: whole, largest };
  }

  clear(): void {
    this.#pending.clear();
    this.#pieces = 0;
  }

  /** The one that grew last is the last to go. */
  #keep(key: string, pending: Pending): void {
    this.#pending.set(key, pending);
    this.#pieces += pending.pieces.size;
    while (this.#pending.size > this.#limits.datagrams || this.#pieces > this.#limits.pieces) {
      const [oldest] = this.#pending.keys();
      this.#remove(oldest ?? key);
    }
  }

  #remove(key: string): void {
    this.#pieces -= this.#pending.get(key)?.pieces.size ?? 0;
    this.#pending.delete(key);
  }
}

function take(pending: Pending, packet: Packet, ip: Ip): "more" | "whole" | "contradiction" {
  const offset = ip.fragmentOffset;
  const length = contentLength(ip);
  const earlier = pending.pieces.get(offset);
  if (earlier !== undefined) return sameContent(earlier, packet) ? "more" : "contradiction";
  if (!ip.mf) {
    if (pending.total !== undefined) return "contradiction";
    pending.total = offset + length;
  }
  pending.pieces.set(offset, packet);
  pending.received += length;
  if (pending.total === undefined || pending.received < pending.total) return "more";
  return "whole";
}

function sameContent(one: Packet, other: Packet): boolean {
  const content = ({ bytes, ip }: Packet) => bytes.subarray(ip ? ip.length - contentLength(ip) : 0);
  return one.ip?.mf === other.ip?.mf && Buffer.compare(content(one), content(other)) === 0;
}

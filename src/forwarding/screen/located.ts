/** Which connection of the setup's services a packet is of, read off the bytes where they lie. */

import { IP_PROTOCOL } from "../../packet/ip.js";
import type { Endpoints } from "./endpoints.js";
import { Header } from "./header.js";
import { networkAt } from "./link-header.js";
import { TupleTable } from "./tuple-table.js";

/** A packet as a reader of captures hands it on; `forwarding` knows no such reader. */
export interface RawFrame {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly captured: number;
  /** Bytes on the wire. */
  readonly original: number;
  readonly direction: number;
  readonly source: { readonly linkType: number };
}

const PORTS = 4;
const ICMP_HEADER = 8;
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const LAST_ICMPV6_ERROR = 4;
/** A tunnel's addresses, its TTL, what it has otherwise than the packet in it, and that one's form. */
export const TUNNEL_KEY = 8;
/** Kinds of tunnels that are told apart. */
export const MOST_TUNNELS = 1 << 12;
export const FIRST_TUNNEL = 1 << 13;
const DONT_FRAGMENT = 0x4000;
const NO_PORT = -1;

/** The header of IP that the connection's addresses are in, of a tunnel's two the inner one, and whose packet it is. */
export class Located extends Header {
  /** Where the frame's own header ends; -1 where no IP is behind it. */
  network = 0;
  /** The client's address, or a hash of it where it is of IPv6. */
  client = 0;
  /** The client's port, and below it the group of services. */
  portAndGroup = 0;
  isReply = false;
  /** How the packet is addressed: which endpoint of the setup it is for or from, in what kind of tunnel. */
  form = 0;
  /** Of a packet of no connection: whether somebody who talks to the setup's hosts is in it, by `client` and `port`. */
  hasPeer = false;
  /** -1 where the peer's whole address is meant. */
  port = NO_PORT;
  readonly #endpoints: Endpoints;
  readonly #tunnels = new TupleTable(TUNNEL_KEY, TUNNEL_KEY, MOST_TUNNELS);
  #bytes: Uint8Array | undefined;

  constructor(endpoints: Endpoints) {
    super();
    this.#endpoints = endpoints;
  }

  /** All kinds of tunnels met, as tuples whose numbers, behind `FIRST_TUNNEL`, are forms. */
  get tunnels(): TupleTable {
    return this.#tunnels;
  }

  /** @returns whether the packet is one of a connection of the services */
  locate({ bytes, start, captured, original, source }: RawFrame): boolean {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.isOdd = false;
    this.hasPeer = false;
    this.port = NO_PORT;
    const end = start + captured;
    const ip = networkAt(this.view, source.linkType, start, end);
    this.network = ip;
    if (ip < 0) return false;
    if (!this.read(ip, end)) {
      this.network = -1;
      return false;
    }
    const isTunnel =
      (this.protocol === IP_PROTOCOL.ipip || this.protocol === IP_PROTOCOL.ipv6) &&
      !this.isFragment &&
      this.#endpoints.isServing(this.dstA, this.dstB);
    // Bytes that were never there are another matter than those that were not recorded.
    if (this.wireEnd > start + original) this.isOdd = true;
    return isTunnel ? this.#tunnelled(ip, end) : this.#plain();
  }

  /** Whether an address is a VIP, or one of a real server or director. */
  isServing(addressA: number, addressB: number): boolean {
    return this.#endpoints.isServing(addressA, addressB);
  }

  #plain(): boolean {
    if (this.#connection()) return true;
    this.#findPeer();
    return false;
  }

  #tunnelled(outer: number, end: number): boolean {
    const { key } = this.#tunnels;
    const { view } = this;
    const [inner, outerEnd, isOuterOdd] = [this.l4, this.wireEnd, this.isOdd];
    key[0] = this.srcA;
    key[1] = this.srcB;
    key[2] = this.dstA;
    key[3] = this.dstB;
    key[4] = this.ttl;
    const tos = this.version === 4 ? view.getUint8(outer + 1) : (view.getUint16(outer) >> 4) & 0xff;
    const fragmentation = this.version === 4 ? view.getInt32(outer + 4) : 0;
    if (!this.read(inner, end)) return false;
    if (this.wireEnd !== outerEnd || isOuterOdd) this.isOdd = true;
    const innerTos = this.version === 4 ? view.getUint8(inner + 1) : (view.getUint16(inner) >> 4) & 0xff;
    const df = fragmentation & DONT_FRAGMENT;
    const innerDf = this.version === 4 ? view.getUint16(inner + 6) & DONT_FRAGMENT : 0;
    key[5] = (tos ^ innerTos) | ((df ^ innerDf) << 8);
    key[6] = df === 0 && fragmentation >>> 16 === 0 ? 1 : 0;
    if (!this.#connection()) {
      this.#findPeer();
      return false;
    }
    key[7] = this.form;
    const tunnel = this.#tunnels.intern();
    this.form = FIRST_TUNNEL + tunnel;
    return tunnel >= 0;
  }

  /** Whose packet it is: of the client that asks an endpoint, or that is answered by one. */
  #connection(): boolean {
    const { protocol, l4, view } = this;
    if (this.isFragment || l4 + PORTS > this.end) return false;
    if (protocol !== IP_PROTOCOL.tcp && protocol !== IP_PROTOCOL.udp) return false;
    const [srcPort, dstPort] = [view.getUint16(l4), view.getUint16(l4 + 2)];
    const asked = this.#endpoints.find(this.dstA, this.dstB, (protocol << 16) | dstPort);
    if (asked >= 0) {
      this.#setClient(this.srcA, srcPort, asked, false);
      return true;
    }
    const answering = this.#endpoints.find(this.srcA, this.srcB, (protocol << 16) | srcPort);
    if (answering < 0) return false;
    this.#setClient(this.dstA, dstPort, answering, true);
    return true;
  }

  #setClient(client: number, port: number, endpoint: number, isReply: boolean): void {
    this.client = client;
    this.portAndGroup = (port << 16) | (this.#endpoints.groups[endpoint] as number);
    this.isReply = isReply;
    this.form = endpoint * 2 + (isReply ? 1 : 0);
  }

  /** Who talks to the setup's hosts otherwise, or is talked about in an ICMP error. */
  #findPeer(): void {
    const { view, protocol, l4 } = this;
    if (protocol === IP_PROTOCOL.icmp || protocol === IP_PROTOCOL.icmpv6) {
      if (l4 + ICMP_HEADER > this.end) return;
      const type = view.getUint8(l4);
      const isError = protocol === IP_PROTOCOL.icmp ? ICMP_ERRORS.has(type) : type <= LAST_ICMPV6_ERROR;
      if (!isError || !this.read(l4 + ICMP_HEADER, this.end)) return;
      // What is quoted may itself be in a tunnel.
      if (this.protocol === IP_PROTOCOL.ipip && !this.read(this.l4, this.end)) return;
    }
    const isToServing = this.#endpoints.isServing(this.dstA, this.dstB);
    if (!isToServing && !this.#endpoints.isServing(this.srcA, this.srcB)) return;
    this.hasPeer = true;
    this.client = isToServing ? this.srcA : this.dstA;
    const hasPorts = this.protocol === IP_PROTOCOL.tcp || this.protocol === IP_PROTOCOL.udp;
    const isKnown = hasPorts && !this.isFragment && this.l4 + PORTS <= this.end;
    this.port = isKnown ? view.getUint16(this.l4 + (isToServing ? 0 : 2)) : NO_PORT;
  }
}

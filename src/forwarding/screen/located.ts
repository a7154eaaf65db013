/** Which connection of the setup's services a packet is of, read off the bytes where they lie. */

import { ETHERNET_HEADER_LENGTH, ETHERTYPE } from "../../packet/ethernet.js";
import { IP_PROTOCOL } from "../../packet/ip.js";
import { LINK_TYPE } from "../../packet/link.js";
import { VLAN_ETHERTYPE, VLAN_HEADER_LENGTH } from "../../packet/vlan.js";
import { type Endpoints, fold6 } from "./endpoints.js";
import { TupleTable } from "./tuple-table.js";

/** A packet as a reader of captures hands it on; `forwarding` knows no such reader. */
export interface RawFrame {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly captured: number;
  readonly original: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly direction: number;
  readonly source: { readonly linkType: number };
}

const PORTS = 4;
const ICMP_HEADER = 8;
/** Ethernet's header and ARP's for IPv4. */
const ARP_END = 42;
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const LAST_ICMPV6_ERROR = 4;
/** Two tags, or a cooked header, and a bit. */
export const LONGEST_LINK_HEADER = 24;
/** A tunnel's addresses, its TTL, what it has otherwise than the packet in it, and that one's form. */
export const TUNNEL_KEY = 8;
/** Kinds of tunnels that are told apart. */
export const MOST_TUNNELS = 1 << 12;
export const FIRST_TUNNEL = 1 << 13;
const FRAGMENTED = 0x3fff;
const DONT_FRAGMENT = 0x4000;
const NO_PORT = -1;

/** One object serves all packets: what it says is of the last one. */
export class Located {
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the frame's own header ends. */
  network = 0;
  /** Where the header of IP begins that the connection's addresses are in: of a tunnel's two the inner one. */
  ip = 0;
  version = 0;
  protocol = 0;
  ttl = 0;
  /** Where the header of TCP or UDP begins, and where the packet ends. */
  l4 = 0;
  end = 0;
  /** Something that makes a packet one of its own kind: options, a wrong header checksum, bytes missing. */
  isOdd = false;
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
  #srcA = 0;
  #srcB = 0;
  #dstA = 0;
  #dstB = 0;
  #isFragment = false;

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  /** All kinds of tunnels met, as tuples whose numbers, behind `FIRST_TUNNEL`, are forms. */
  get tunnels(): TupleTable {
    return this.#tunnels;
  }

  /** @returns whether the packet is one of a connection of the services */
  locate({ bytes, start, captured, source }: RawFrame): boolean {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.isOdd = false;
    this.hasPeer = false;
    this.port = NO_PORT;
    const end = start + captured;
    const ip = this.#network(source.linkType, start, end);
    this.network = ip;
    if (ip < 0) return false;
    if (!this.#readIp(ip, end)) {
      this.network = -1;
      return false;
    }
    const isTunnel =
      (this.protocol === IP_PROTOCOL.ipip || this.protocol === IP_PROTOCOL.ipv6) &&
      !this.#isFragment &&
      this.#endpoints.isServing(this.#dstA, this.#dstB);
    return isTunnel ? this.#tunnelled(ip, end) : this.#plain();
  }

  /**
   * Of a packet of no connection: tells conversations apart, in six integers.
   * @returns whether it is about the setup's hosts
   */
  describe({ start, captured, source }: RawFrame, into: Int32Array): boolean {
    into.fill(0);
    if (this.network >= 0) {
      into[0] = this.protocol;
      into[1] = this.#srcA;
      into[2] = this.#srcB;
      into[3] = this.#dstA;
      into[4] = this.#dstB;
      into[5] = this.port;
      const isNeighbour = this.protocol === IP_PROTOCOL.icmpv6;
      return this.hasPeer || isNeighbour;
    }
    const arp = start + ETHERNET_HEADER_LENGTH;
    const isArp =
      source.linkType === LINK_TYPE.ethernet && captured >= ARP_END && this.view.getUint16(arp - 2) === ETHERTYPE.arp;
    if (!isArp) {
      into[0] = -1;
      // Other protocols are nobody's business, but of what cannot be read nobody knows what it is.
      const type =
        source.linkType === LINK_TYPE.ethernet && captured >= ETHERNET_HEADER_LENGTH ? this.view.getUint16(arp - 2) : 0;
      return type === 0 || type === ETHERTYPE.ipv4 || type === ETHERTYPE.ipv6 || isTag(type);
    }
    const [sender, target] = [this.view.getInt32(arp + 14, true), this.view.getInt32(arp + 24, true)];
    into[0] = -2;
    into[1] = sender;
    into[2] = target;
    into[3] = this.view.getUint16(arp + 6);
    return this.#endpoints.isServing(sender, 0) || this.#endpoints.isServing(target, 0);
  }

  #plain(): boolean {
    if (this.#connection()) return true;
    this.#findPeer();
    return false;
  }

  #tunnelled(outer: number, end: number): boolean {
    const { key } = this.#tunnels;
    const { view } = this;
    const [inner, outerEnd, isOuterOdd] = [this.l4, this.end, this.isOdd];
    key[0] = this.#srcA;
    key[1] = this.#srcB;
    key[2] = this.#dstA;
    key[3] = this.#dstB;
    key[4] = this.ttl;
    const tos = this.version === 4 ? view.getUint8(outer + 1) : (view.getUint16(outer) >> 4) & 0xff;
    const fragmentation = this.version === 4 ? view.getInt32(outer + 4) : 0;
    if (!this.#readIp(inner, end)) return false;
    if (this.end !== outerEnd || isOuterOdd) this.isOdd = true;
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

  /** Where IP begins; -1 where it does not. */
  #network(linkType: number, start: number, end: number): number {
    const { view } = this;
    let at = start;
    let type = 0;
    switch (linkType) {
      case LINK_TYPE.ethernet:
        at = start + ETHERNET_HEADER_LENGTH;
        if (at > end) return -1;
        type = view.getUint16(at - 2);
        while (
          isTag(type) &&
          at + VLAN_HEADER_LENGTH <= end &&
          at + VLAN_HEADER_LENGTH - start <= LONGEST_LINK_HEADER
        ) {
          at += VLAN_HEADER_LENGTH;
          type = view.getUint16(at - 2);
        }
        break;
      case LINK_TYPE.sll:
        at = start + 16;
        if (at > end) return -1;
        type = view.getUint16(at - 2);
        break;
      case LINK_TYPE.sll2:
        at = start + 20;
        if (at > end) return -1;
        type = view.getUint16(start);
        break;
      case LINK_TYPE.raw:
      case LINK_TYPE.ipv4:
      case LINK_TYPE.ipv6:
        if (start < end) type = view.getUint8(start) >> 4 === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6;
        break;
      default:
        return -1;
    }
    return type === ETHERTYPE.ipv4 || type === ETHERTYPE.ipv6 ? at : -1;
  }

  /** @returns whether there is a header of IP with bytes behind it */
  #readIp(at: number, limit: number): boolean {
    const { view } = this;
    if (at + 20 > limit) return false;
    this.ip = at;
    this.version = view.getUint8(at) >> 4;
    if (this.version === 4) return this.#readIp4(at, limit);
    if (this.version !== 6 || at + 40 > limit) return false;
    this.protocol = view.getUint8(at + 6);
    this.ttl = view.getUint8(at + 7);
    this.l4 = at + 40;
    this.#srcA = folded6(view, at + 8);
    this.#srcB = folded6Reversed(view, at + 8);
    this.#dstA = folded6(view, at + 24);
    this.#dstB = folded6Reversed(view, at + 24);
    this.#isFragment = false;
    this.#setEnd(this.l4 + view.getUint16(at + 4), limit);
    return true;
  }

  #readIp4(at: number, limit: number): boolean {
    const { view } = this;
    const headerLength = (view.getUint8(at) & 0xf) * 4;
    const [first, second, third] = [view.getInt32(at, true), view.getInt32(at + 4, true), view.getInt32(at + 8, true)];
    const src = view.getInt32(at + 12, true);
    const dst = view.getInt32(at + 16, true);
    this.protocol = (third >>> 8) & 0xff;
    this.ttl = third & 0xff;
    this.l4 = at + headerLength;
    this.#srcA = src;
    this.#dstA = dst;
    this.#srcB = 0;
    this.#dstB = 0;
    this.#isFragment = (view.getUint16(at + 6) & FRAGMENTED) !== 0;
    const sum = halves(first) + halves(second) + halves(third) + halves(src) + halves(dst);
    if (headerLength !== 20 || folded(sum) !== 0xffff) this.isOdd = true;
    this.#setEnd(at + view.getUint16(at + 2), limit);
    return headerLength >= 20 && this.l4 <= limit;
  }

  #setEnd(end: number, limit: number): void {
    this.end = end;
    if (end > limit || end <= this.l4) {
      this.end = Math.max(Math.min(end, limit), this.l4);
      this.isOdd = true;
    }
  }

  /** Whose packet it is: of the client that asks an endpoint, or that is answered by one. */
  #connection(): boolean {
    const { protocol, l4, view } = this;
    if (this.#isFragment || l4 + PORTS > this.end) return false;
    if (protocol !== IP_PROTOCOL.tcp && protocol !== IP_PROTOCOL.udp) return false;
    const [srcPort, dstPort] = [view.getUint16(l4), view.getUint16(l4 + 2)];
    const asked = this.#endpoints.find(this.#dstA, this.#dstB, (protocol << 16) | dstPort);
    if (asked >= 0) {
      this.#setClient(this.#srcA, srcPort, asked, false);
      return true;
    }
    const answering = this.#endpoints.find(this.#srcA, this.#srcB, (protocol << 16) | srcPort);
    if (answering < 0) return false;
    this.#setClient(this.#dstA, dstPort, answering, true);
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
      if (!isError || !this.#readIp(l4 + ICMP_HEADER, this.end)) return;
      // What is quoted may itself be in a tunnel.
      if (this.protocol === IP_PROTOCOL.ipip && !this.#readIp(this.l4, this.end)) return;
    }
    const isToServing = this.#endpoints.isServing(this.#dstA, this.#dstB);
    if (!isToServing && !this.#endpoints.isServing(this.#srcA, this.#srcB)) return;
    this.hasPeer = true;
    this.client = isToServing ? this.#srcA : this.#dstA;
    const hasPorts = this.protocol === IP_PROTOCOL.tcp || this.protocol === IP_PROTOCOL.udp;
    const isKnown = hasPorts && !this.#isFragment && this.l4 + PORTS <= this.end;
    this.port = isKnown ? view.getUint16(this.l4 + (isToServing ? 0 : 2)) : NO_PORT;
  }
}

function isTag(type: number): boolean {
  return type === VLAN_ETHERTYPE.customer || type === VLAN_ETHERTYPE.service || type === VLAN_ETHERTYPE.qinq;
}

function folded6(view: DataView, at: number): number {
  return fold6(
    view.getInt32(at, true),
    view.getInt32(at + 4, true),
    view.getInt32(at + 8, true),
    view.getInt32(at + 12, true),
  );
}

function folded6Reversed(view: DataView, at: number): number {
  return (
    fold6(
      view.getInt32(at + 12, true),
      view.getInt32(at + 8, true),
      view.getInt32(at + 4, true),
      view.getInt32(at, true),
    ) | 1
  );
}

/** The two halves of a word, added up: a step of the Internet checksum, in whatever byte order (RFC 1071 §2(B)). */
export function halves(word: number): number {
  return (word & 0xffff) + (word >>> 16);
}

/** A sum of halves in 16 bits. */
export function folded(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

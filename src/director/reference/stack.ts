import { l4ChecksumState } from "../../packet/checksum.js";
import type { Ip } from "../../packet/ip.js";
import type { Packet } from "../../packet/packet.js";
import {
  type IcmpError,
  NET_UNREACHABLE,
  PORT_UNREACHABLE,
  PROTOCOL_UNREACHABLE,
  type Reason,
  TIME_EXCEEDED,
  tooBig,
} from "./errors.js";
import { isIcmp, MOST_QUOTED } from "./local.js";
import type { Network, Route } from "./network.js";
import type { Output } from "./output.js";
import type { Datagram } from "./reassembly.js";
import type { Steps } from "./steps.js";
import type { TunnelEnds } from "./tunnel.js";

/** What becomes of a datagram on its way through the director. */
export interface Passage {
  /** Largest datagram in bytes that may leave whole in packets of `mtu` bytes. */
  room(ip: Ip, mtu: number): number;
  /** The datagram that leaves, once the TTL of the one that came is counted down. */
  rewrite(ends: TunnelEnds, route: Route): Uint8Array;
}

/** What the director has of a host's IP stack: it forwards over one hop, and answers in its own name. */
export class Stack {
  readonly #network: Network;
  readonly #output: Output;
  readonly #steps: Steps;

  constructor(network: Network, output: Output, steps: Steps) {
    this.#network = network;
    this.#output = output;
    this.#steps = steps;
  }

  /**
   * One IP hop. TTL, route and MTU are judged on the datagram as it came, so that an ICMP error quotes what its sender
   * knows; then the TTL is counted down and the datagram rewritten.
   * @param towards the address whose next hop it is sent to
   */
  hop({ packet, largest }: Datagram, towards: string, { room, rewrite }: Passage): void {
    const { ip } = packet;
    if (ip === undefined) return;
    const route = this.#steps.route(this.#network, towards);
    if (this.#steps.isExpired(ip)) {
      this.refuse(packet, TIME_EXCEEDED);
    } else if (route === undefined) {
      this.refuse(packet, NET_UNREACHABLE);
    } else if (this.#steps.isTooBig(ip, largest, room(ip, route.mtu))) {
      this.refuse(packet, tooBig(room(ip, route.mtu)));
    } else {
      const { nextId } = this.#output;
      this.#output.sendOwn(this.#steps.redirect(packet, route, nextId));
      const came = new Uint8Array(packet.bytes.subarray(0, MOST_QUOTED));
      this.#steps.countDown(ip);
      const { src, mtu } = route;
      this.#output.send(rewrite({ src, dst: towards, mtu, nextId }, route), route, came);
    }
  }

  /** What the stack of a host says to a packet that nobody is there for; to a damaged one it says nothing. */
  answer(packet: Packet): void {
    if (packet.problem !== undefined || l4ChecksumState(packet) === "invalid") return;
    const id = this.#output.nextId();
    if (packet.tcp !== undefined) this.#output.sendOwn(this.#steps.reset(packet, id));
    else if (packet.udp !== undefined) this.refuse(packet, PORT_UNREACHABLE);
    else if (packet.icmp !== undefined) this.#output.sendOwn(this.#steps.echoReply(packet, id));
    else if (!isIcmp(packet)) this.refuse(packet, PROTOCOL_UNREACHABLE);
  }

  /** Tells the sender why its packet goes no further. */
  refuse(packet: Packet, reason: Reason): void {
    this.tell(packet, reason[packet.ip6 ? 6 : 4]);
  }

  /** Tells a packet's sender what has become of it: from the address it had spoken to, else from the NIC towards it. */
  tell(packet: Packet, error: IcmpError): void {
    if (packet.ip === undefined) return;
    const { src, dst } = packet.ip;
    const speaker = this.#network.owns(dst) ? dst : this.#network.route(src)?.src;
    if (speaker === undefined) return;
    this.#output.sendOwn(this.#steps.icmpError(packet, error, speaker, this.#output.nextId()));
  }
}

import type { Nic } from "../../forwarding/setup.js";
import { ARP_OPCODE, type Arp } from "../../packet/arp.js";
import { decodeIp } from "../../packet/packet.js";
import { HOST_UNREACHABLE } from "./local.js";
import { Neighbours, type Wait } from "./neighbours.js";
import type { Network, Route } from "./network.js";
import { isHostAddress } from "./network.js";
import type { Steps } from "./steps.js";

/** Sends a frame from a NIC. */
export type Emit = (nic: string, frame: Uint8Array) => void;

/** A datagram on its way out. */
interface Outgoing {
  readonly bytes: Uint8Array;
  /** Largest packet in bytes on its way. */
  readonly mtu: number;
  /** What it was when it came in, as far as an ICMP error may quote it; left out of the director's own. */
  readonly cause?: Uint8Array;
}

/** From a datagram to frames: identification, next hop's MAC, and what the steps make of them. */
export class Output {
  readonly neighbours: Neighbours<Outgoing>;
  readonly #network: Network;
  readonly #steps: Steps;
  readonly #emit: Emit;
  #id = 0;

  /** @param wait told of each neighbour that does not answer at once */
  constructor(network: Network, steps: Steps, emit: Emit, wait: (wait: Wait) => void) {
    this.#network = network;
    this.#steps = steps;
    this.#emit = emit;
    this.neighbours = new Neighbours({
      ask: (nic, ip) => emit(nic.name, steps.arpRequest(nic, ip, network)),
      deliver: (nic, mac, { bytes, mtu }) => {
        for (const frame of steps.frames(bytes, { ...nic, mtu, nextId: this.nextId }, mac)) emit(nic.name, frame);
      },
      wait,
      lose: ({ cause }) => this.#reportLost(cause),
    });
  }

  /** An IP identification that the last 65534 of the director's own packets did not have; never 0 (RFC 6864 §4). */
  readonly nextId = (): number => {
    this.#id = (this.#id % 0xffff) + 1;
    return this.#id;
  };

  /**
   * Sends a datagram along a route.
   * @param cause the packet that it was when it came in, up to `MOST_QUOTED` bytes: its sender is told where the next
   * hop does not answer
   */
  send(bytes: Uint8Array, { nic, nextHop, mtu }: Route, cause?: Uint8Array): void {
    this.neighbours.send(nic, nextHop, { bytes, mtu, ...(cause && { cause }) });
  }

  /** Sends a packet of the director's own to the destination that it names, where there is a route. */
  sendOwn(datagram: Uint8Array | undefined): void {
    const dst = datagram && decodeIp(datagram).ip?.dst;
    const route = dst && this.#network.route(dst);
    if (datagram && route) this.send(datagram, route);
  }

  /** An ARP packet arrived: learns from its sender, and answers where it asks for an address of the director's. */
  receiveArp(nic: Nic, arp: Arp): void {
    const { senderIp, senderMac, targetIp } = arp;
    // Who claims an address of ours is neither believed nor answered; so it is with a MAC that stands for many.
    if (this.#network.owns(senderIp) || isGroupMac(senderMac)) return;
    const asksUs = arp.opcode === ARP_OPCODE.request && this.#network.owns(targetIp);
    const link = this.#network.route(senderIp);
    if (isHostAddress(senderIp) && link?.nic === nic && link.nextHop === senderIp) {
      this.neighbours.heard(senderIp, senderMac, asksUs);
    }
    const reply = asksUs ? this.#steps.arpReply(nic, arp) : undefined;
    if (reply !== undefined) this.#emit(nic.name, reply);
  }

  /** From the NIC's address, not from the VIP (`arp_error_report`, `dst_link_failure`). */
  #reportLost(cause: Uint8Array | undefined): void {
    const packet = cause && decodeIp(cause);
    const speaker = packet?.ip && this.#network.route(packet.ip.src)?.src;
    if (packet === undefined || speaker === undefined) return;
    this.sendOwn(this.#steps.icmpError(packet, HOST_UNREACHABLE, speaker, this.nextId()));
  }
}

/** Multicast or broadcast: never the address of one host (RFC 1812 §3.3.2). */
function isGroupMac(mac: string): boolean {
  return (Number.parseInt(mac, 16) & 1) === 1;
}

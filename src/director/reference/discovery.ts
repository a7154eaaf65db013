import { hasAddress, type Nic } from "../../forwarding/setup.js";
import { ARP_OPCODE, type Arp } from "../../packet/arp.js";
import { BROADCAST } from "../../packet/ethernet.js";
import { ICMPV6_TYPE, Icmpv6 } from "../../packet/icmpv6.js";
import type { Packet } from "../../packet/packet.js";
import { groupMacsOf, neighbourMessage, UNSPECIFIED } from "./ndp.js";
import type { Neighbours } from "./neighbours.js";
import { isHostAddress, type Network } from "./network.js";
import type { Emit } from "./output.js";
import type { Steps } from "./steps.js";

/** Address resolution as others ask for it and answer: ARP (RFC 826), and neighbour discovery for IPv6 (RFC 4861 §7.2). */
export class Discovery {
  readonly #network: Network;
  readonly #neighbours: Pick<Neighbours<unknown>, "heard">;
  readonly #steps: Steps;
  readonly #emit: Emit;

  constructor(network: Network, neighbours: Pick<Neighbours<unknown>, "heard">, steps: Steps, emit: Emit) {
    this.#network = network;
    this.#neighbours = neighbours;
    this.#steps = steps;
    this.#emit = emit;
  }

  /** Learns from a packet, and answers it; false where it has nothing to do with address resolution. */
  receive(nic: Nic, packet: Packet): boolean {
    const { eth, arp, icmp } = packet;
    if (arp !== undefined) {
      if (eth?.dst === nic.mac || eth?.dst === BROADCAST) this.#receiveArp(nic, arp);
      return true;
    }
    const isNeighbour = icmp instanceof Icmpv6 && icmp.isNeighbour;
    if (isNeighbour) this.#receiveNeighbour(nic, packet);
    return isNeighbour;
  }

  #receiveArp(nic: Nic, arp: Arp): void {
    const { senderIp, senderMac, targetIp } = arp;
    // Who claims an address of ours is neither believed nor answered; so it is with a MAC that stands for many.
    if (this.#network.owns(senderIp) || isGroupMac(senderMac)) return;
    const asksUs = arp.opcode === ARP_OPCODE.request && this.#network.owns(targetIp);
    this.#hear(nic, senderIp, senderMac, asksUs);
    if (asksUs) this.#answer(nic, this.#steps.arpReply(nic, arp));
  }

  #receiveNeighbour(nic: Nic, packet: Packet): void {
    const { eth, ip } = packet;
    const icmp = neighbourMessage(packet);
    if (icmp === undefined || eth === undefined || ip === undefined) return;
    const { target } = icmp;
    const mac = icmp.linkAddress || eth.src;
    const isForUs = eth.dst === nic.mac || groupMacsOf(target).includes(eth.dst);
    if (!isForUs || this.#network.owns(ip.src) || isGroupMac(mac)) return;
    if (icmp.type === ICMPV6_TYPE.neighbourAdvertisement) {
      if (!this.#network.owns(target)) this.#hear(nic, target, mac, false);
      return;
    }
    // Only the receiving NIC's own addresses count (RFC 4861 §7.2.3), where ARP answers for those of all NICs.
    const asksUs =
      hasAddress(nic, target) || (this.#network.vips.has(target) && this.#network.route(target)?.nic === nic);
    if (!asksUs) return;
    if (ip.src !== UNSPECIFIED) this.#hear(nic, ip.src, mac, true);
    this.#answer(nic, this.#steps.neighbourAdvertisement(nic, packet, this.#network.forwards));
  }

  /** Somebody on the NIC's own link said where an address is. */
  #hear(nic: Nic, ip: string, mac: string, spokeToUs: boolean): void {
    const link = this.#network.route(ip);
    if (isHostAddress(ip) && link?.nic === nic && link.nextHop === ip) this.#neighbours.heard(ip, mac, spokeToUs);
  }

  #answer(nic: Nic, reply: Uint8Array | undefined): void {
    if (reply !== undefined) this.#emit(nic.name, reply);
  }
}

/** Multicast or broadcast: never the address of one host (RFC 1812 §3.3.2). */
function isGroupMac(mac: string): boolean {
  return (Number.parseInt(mac, 16) & 1) === 1;
}

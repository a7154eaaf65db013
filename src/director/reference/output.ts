import { isIp6 } from "../../packet/address.js";
import { decodeIp } from "../../packet/packet.js";
import { HOST_UNREACHABLE } from "./errors.js";
import { Neighbours, type Wait } from "./neighbours.js";
import type { Network, Route } from "./network.js";
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
  #id = 0;

  /** @param wait told of each neighbour that does not answer at once */
  constructor(network: Network, steps: Steps, emit: Emit, wait: (wait: Wait) => void) {
    this.#network = network;
    this.#steps = steps;
    this.neighbours = new Neighbours({
      ask: (nic, ip) => {
        const request = isIp6(ip) ? steps.neighbourSolicitation : steps.arpRequest;
        emit(nic.name, request(nic, ip, network));
      },
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

  /** From the NIC's address, not from the VIP (`arp_error_report`, `dst_link_failure`). */
  #reportLost(cause: Uint8Array | undefined): void {
    if (cause === undefined) return;
    const packet = decodeIp(cause);
    const speaker = packet.ip && this.#network.route(packet.ip.src)?.src;
    const error = HOST_UNREACHABLE[packet.ip6 ? 6 : 4];
    if (speaker !== undefined) this.sendOwn(this.#steps.icmpError(packet, error, speaker, this.nextId()));
  }
}

/** What tells a proxy from a director that forwards: handshakes of its own, with the client and with a real server. */

import { endpoint } from "../packet/address.js";
import type { Direction } from "../packet/frame.js";
import type { Packet } from "../packet/packet.js";
import { TCP_FLAG } from "../packet/tcp.js";
import { portsOf } from "./datagram.js";
import { type Network, ownsIp } from "./network.js";
import type { Service } from "./setup.js";

/** A packet at a host, whether as a frame or as a sighting. */
export interface Seen {
  readonly host: string;
  readonly direction: Direction;
  readonly packet: Packet;
}

/** The handshakes of TCP at the directors, packet by packet in the order of time. */
export class Handshakes<At extends Seen> {
  readonly #network: Network;
  readonly #services: readonly Service[];
  /** Who asked a service, as `10.0.0.10:80 172.16.0.100:40001`. */
  readonly #asked = new Set<string>();
  /** Initial sequence numbers of clients: a connection that begins with one of them is the client's, whatever its source. */
  readonly #begun = new Set<number>();
  /** Initial sequence numbers of answers that came in at a director: what it sends with one of them is not its own. */
  readonly #received = new Set<number>();
  readonly #answered = new Map<Service, At>();
  readonly #connected = new Map<Service, At>();

  constructor(network: Network, services: readonly Service[]) {
    this.#network = network;
    this.#services = services.filter(({ protocol }) => protocol === "tcp");
  }

  add(at: At): void {
    const { host: name, direction, packet } = at;
    const { ip, tcp } = packet;
    if (tcp === undefined || ip === undefined || (tcp.flags & TCP_FLAG.syn) === 0) return;
    const host = this.#network.host(name);
    const ports = portsOf(packet);
    if (host?.role !== "director" || ports === undefined) return;
    const [src, dst] = [endpoint(ip.src, ports.src), endpoint(ip.dst, ports.dst)];
    const isAnswer = (tcp.flags & TCP_FLAG.ack) !== 0;
    if (direction === "in") {
      if (isAnswer) this.#received.add(tcp.seq);
      else {
        this.#begun.add(tcp.seq);
        this.#asked.add(`${dst} ${src}`);
      }
      return;
    }
    for (const service of this.#services) {
      const isFromVip = endpoint(service.vip, service.port) === src;
      if (isAnswer && isFromVip && this.#asked.has(`${src} ${dst}`) && !this.#received.has(tcp.seq))
        this.#answered.set(service, at);
      const isToServer = service.realServers.some((server) => endpoint(server.ip, server.port) === dst);
      const isOwn = ownsIp(host, ip.src) || ip.src === service.vip;
      if (!isAnswer && isToServer && isOwn && !this.#begun.has(tcp.seq)) this.#connected.set(service, at);
    }
  }

  /** The answer to a client and the connection to a real server that are a director's own; undefined unless there are both. */
  ownOf(service: Service): { readonly answer: At; readonly connection: At } | undefined {
    const [answer, connection] = [this.#answered.get(service), this.#connected.get(service)];
    return answer && connection && { answer, connection };
  }
}

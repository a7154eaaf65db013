import type { Nic, Service } from "../../forwarding/setup.js";
import { l4ChecksumState } from "../../packet/checksum.js";
import { decode, decodeIp, type Packet } from "../../packet/packet.js";
import { Connection, ConnectionTable, quotedTuple, reversed, type Tuple, tupleOf } from "./connections.js";
import { Discovery } from "./discovery.js";
import { PORT_UNREACHABLE, relayed, tooBig } from "./errors.js";
import type { Wait } from "./neighbours.js";
import { Network } from "./network.js";
import { type Emit, Output } from "./output.js";
import { type Datagram, Reassembly } from "./reassembly.js";
import { ServiceTable } from "./services.js";
import { Stack } from "./stack.js";
import { CORRECT_STEPS, type Forward, type Steps } from "./steps.js";

/** Where the director stands, and what it balances. */
export interface ReferenceOptions {
  /** Its interfaces; the addresses on them are answered for, and their prefixes are the on-link routes. */
  readonly nics: readonly Nic[];
  /** Next hops of the default routes, at most one of each family; without one only on-link destinations are reached. */
  readonly gateways: readonly string[];
  readonly services: readonly Service[];
  /** Whether it routes what is none of its services' requests, their answers too (`ip_forward`); left out: it does. */
  readonly forwards?: boolean;
  /** Told of each neighbour that does not answer at once; left out: it is asked again by further packets alone. */
  wait?(wait: Wait): void;
}

/**
 * The rules in executable form: a director for NAT, DR and TUN that takes frames and gives frames.
 *
 * It does no I/O and has no clock; it answers nothing later than in the `receive` (or `learn`) that causes it, but for
 * what waits for a neighbour, which `Wait` ends. It throws on a wrong configuration and never on a frame. What it keeps
 * is bounded: see `ConnectionTable`, `Balancer`, `Neighbours`, `Network` and `Reassembly`.
 */
export class ReferenceDirector {
  readonly #network: Network;
  readonly #steps: Steps;
  readonly #output: Output;
  readonly #stack: Stack;
  readonly #discovery: Discovery;
  readonly #services = new ServiceTable();
  readonly #connections = new ConnectionTable();
  readonly #reassembly = new Reassembly();
  /** Addresses whose fragments may belong to NAT replies. */
  readonly #realServers = new Set<string>();

  /**
   * @param emit called for each frame that leaves
   * @param steps what this director does otherwise than a correct one: the place of deliberate faults
   */
  constructor(options: ReferenceOptions, emit: Emit, steps: Partial<Steps> = {}) {
    const { nics, gateways, services, forwards = true, wait = () => {} } = options;
    this.#steps = { ...CORRECT_STEPS, ...steps };
    this.#network = new Network(nics, gateways, forwards);
    this.#output = new Output(this.#network, this.#steps, emit, wait);
    this.#stack = new Stack(this.#network, this.#output, this.#steps);
    this.#discovery = new Discovery(this.#network, this.#output.neighbours, this.#steps, emit);
    this.configure(services);
  }

  /**
   * Does these steps from now on, and all others right, as a director that has seen no packet yet: neither connections
   * nor schedulers remember what was done in another way.
   */
  act(steps: Partial<Steps>): void {
    Object.assign(this.#steps, CORRECT_STEPS, steps);
    const services = this.#services.all();
    this.#connections.clear();
    this.#reassembly.clear();
    this.#network.forgetMtus();
    this.#services.configure([]);
    this.configure(services);
  }

  /** A new table of services; connections stay, and those of a removed server are dropped from now on. */
  configure(services: readonly Service[]): void {
    this.#services.configure(services);
    this.#network.configure(services);
    for (const { model, realServers } of services) {
      if (model === "nat") for (const { ip } of realServers) this.#realServers.add(ip);
    }
  }

  /** Turns routing on or off. */
  setForwarding(on: boolean): void {
    this.#network.forwards = on;
  }

  /** Forgets all neighbours, those of `learn` too, and what waits for an answer. */
  forgetNeighbours(): void {
    this.#output.neighbours.forget();
  }

  /** Enters a permanent neighbour. */
  learn(ip: string, mac: string): void {
    this.#output.neighbours.learn(ip, mac);
  }

  /** A frame arrived at the NIC of this name. The bytes are neither changed nor kept. */
  receive(nicName: string, frame: Uint8Array): void {
    const nic = this.#network.nic(nicName);
    const packet = decode(frame);
    if (this.#discovery.receive(nic, packet)) return;
    if (packet.eth?.dst === nic.mac && this.#steps.accepts(packet, this.#network)) this.#receiveIp(packet);
  }

  #receiveIp({ ip, bytes }: Packet): void {
    if (ip === undefined) return;
    // A copy without Ethernet header and padding: it is rewritten in place. `slice` of a Buffer would be none.
    const packet = decodeIp(new Uint8Array(bytes.subarray(ip.offset, ip.offset + ip.length)));
    const isOurs = this.#network.owns(ip.dst);
    const gathers = isOurs || this.#realServers.has(ip.src);
    const datagram = gathers ? this.#reassembly.add(packet, ip) : { packet, largest: ip.length };
    if (datagram === undefined) return;
    if (isOurs) this.#receiveOwn({ ...datagram, packet: this.#steps.unwrap(datagram.packet) });
    else this.#transit(datagram);
  }

  /** To an address of the director's: balanced, or answered. */
  #receiveOwn(datagram: Datagram): void {
    const { packet } = datagram;
    if (packet.icmp?.isError) {
      this.#receiveError(datagram);
      return;
    }
    const tuple = this.#steps.tupleOf(packet);
    const known = tuple && this.#steps.findConnection(this.#connections, tuple);
    if (known !== undefined && !this.#steps.replaces(known, packet)) {
      const standing = this.#steps.standing(this.#services, known);
      if (standing === "available") this.#forward(datagram, known);
      else if (standing === "unserved") this.#stack.answer(packet);
      return;
    }
    const service = tuple && this.#steps.findService(this.#services, tuple);
    if (tuple === undefined || service === undefined || !this.#steps.opensConnection(packet)) {
      this.#stack.answer(packet);
      return;
    }
    this.#open(datagram, tuple, service);
  }

  #open(datagram: Datagram, tuple: Tuple, service: Service): void {
    const server = this.#steps.schedule(this.#services, service, tuple, this.#connections);
    if (server === undefined) {
      this.#stack.refuse(datagram.packet, PORT_UNREACHABLE);
      return;
    }
    const connection = new Connection(tuple, service, server);
    if (this.#steps.keepsConnection(service)) this.#connections.add(connection);
    this.#forward(datagram, connection);
  }

  #forward(datagram: Datagram, connection: Connection): void {
    if (!this.#steps.isTransmitted("request", this.#network.forwards)) return;
    this.#connections.note(connection, "request", datagram.packet);
    const { request } = this.#steps.models[connection.model];
    this.#towardsServer(datagram, connection, request);
  }

  /** An ICMP error to an address of the director's concerns the server that owns the flow, or a tunnel's client. */
  #receiveError(datagram: Datagram): void {
    const { packet } = datagram;
    const { quoted } = packet;
    if (quoted === undefined || !this.#isRelayed(packet)) return;
    if (quoted.inner !== undefined) {
      this.#relayFromTunnel(packet, quoted, quoted.inner);
      return;
    }
    const tuple = quotedTuple(quoted);
    const connection = tuple && this.#steps.findQuoted(this.#connections, reversed(tuple));
    if (connection === undefined || this.#steps.standing(this.#services, connection) !== "available") return;
    const { error } = this.#steps.models[connection.model];
    this.#towardsServer(datagram, connection, error);
  }

  #towardsServer(datagram: Datagram, connection: Connection, rewrite: Forward): void {
    const { packet } = datagram;
    const { room } = this.#steps.models[connection.model];
    this.#stack.hop(datagram, connection.server.ip, {
      room: (ip, mtu) => room(ip, connection, mtu),
      rewrite: (ends) => rewrite(packet, connection, ends),
    });
  }

  /** A router inside the tunnel reports about an outer packet: the client hears of its own (RFC 2003 §4). */
  #relayFromTunnel({ icmp }: Packet, outer: Packet, inner: Packet): void {
    const tuple = quotedTuple(inner);
    const connection = tuple && this.#steps.findConnection(this.#connections, tuple);
    if (icmp === undefined || inner.ip === undefined) return;
    if (connection?.model !== "tun" || outer.ip?.dst !== connection.server.ip) return;
    if (icmp.kind !== "too-big") {
      const error = relayed(icmp, outer.ip6 ? 6 : 4, inner.ip6 ? 6 : 4);
      if (error !== undefined) this.#stack.tell(inner, error);
      return;
    }
    const pathMtu = this.#network.learnMtu(outer.ip.dst, icmp.mtu);
    const room = this.#steps.models.tun.room(inner.ip, connection, pathMtu);
    // Whoever's packets are fragmented all the same has no use for it (`ip_vs_in_icmp`).
    if (inner.ip.df && Number.isFinite(room)) this.#stack.refuse(inner, tooBig(room));
  }

  /** To someone else: the answers of NAT real servers, and whatever else has the director for its gateway. */
  #transit(datagram: Datagram): void {
    const { packet } = datagram;
    const { ip, quoted } = packet;
    if (ip === undefined || !this.#steps.isTransmitted("transit", this.#network.forwards)) return;
    const tuple = quoted ? quotedTuple(quoted) : tupleOf(packet);
    const connection = tuple && this.#steps.findReply(this.#connections, quoted ? reversed(tuple) : tuple);
    if (connection === undefined) {
      this.#stack.hop(datagram, ip.dst, { room: (_, mtu) => mtu, rewrite: () => packet.bytes });
      return;
    }
    if (quoted !== undefined && !this.#isRelayed(packet)) return;
    this.#connections.note(connection, "reply", packet);
    const { translateErrorToClient, translateReply } = this.#steps;
    this.#stack.hop(datagram, ip.dst, {
      room: (_, mtu) => mtu,
      rewrite: (_, { nic }) => {
        if (quoted !== undefined) translateErrorToClient(packet, connection);
        else translateReply(packet, connection, nic);
        return packet.bytes;
      },
    });
  }

  /** Linux, too, drops an error about a flow where the message is damaged: what it quotes cannot be trusted. */
  #isRelayed(error: Packet): boolean {
    return this.#steps.relaysError(error) && l4ChecksumState(error) === "valid";
  }
}

import type { Nic, Service } from "../../forwarding/setup.js";
import { l4ChecksumState } from "../../packet/checksum.js";
import { ICMP_FRAGMENTATION_NEEDED, ICMP_TYPE } from "../../packet/icmp.js";
import { IP_PROTOCOL } from "../../packet/ip.js";
import { decode, decodeIp, type Packet } from "../../packet/packet.js";
import { Connection, ConnectionTable, quotedTuple, reversed, type Tuple, tupleOf, type Way } from "./connections.js";
import { type IcmpError, NET_UNREACHABLE, PORT_UNREACHABLE, PROTOCOL_UNREACHABLE, TIME_EXCEEDED } from "./local.js";
import { Network } from "./network.js";
import { type Emit, Output } from "./output.js";
import { type Datagram, Reassembly } from "./reassembly.js";
import { ServiceTable } from "./services.js";
import { CORRECT_STEPS, type Steps } from "./steps.js";
import { TUNNEL_OVERHEAD, type Tunnel } from "./tunnel.js";

const BROADCAST = "ff:ff:ff:ff:ff:ff";

/** Where the director stands, and what it balances. */
export interface ReferenceOptions {
  /** Its interfaces; the addresses on them are answered for, and their prefixes are the on-link routes. */
  readonly nics: readonly Nic[];
  /** Next hop of the default route; without one only on-link destinations are reached. */
  readonly gateway?: string;
  readonly services: readonly Service[];
}

/**
 * The rules in executable form: a director for NAT, DR and TUN that takes frames and gives frames.
 *
 * It does no I/O and has no clock; it answers nothing later than in the `receive` (or `learn`) that causes it. It
 * throws on a wrong configuration and never on a frame. What it keeps is bounded: see `ConnectionTable`, `Neighbours`
 * and `Reassembly`.
 */
export class ReferenceDirector {
  readonly #network: Network;
  readonly #steps: Steps;
  readonly #output: Output;
  readonly #services = new ServiceTable();
  readonly #connections = new ConnectionTable();
  readonly #reassembly = new Reassembly();
  /** Addresses whose fragments may belong to NAT replies. */
  readonly #realServers = new Set<string>();

  /**
   * @param emit called for each frame that leaves
   * @param steps what this director does otherwise than a correct one: the place of deliberate faults
   */
  constructor({ nics, gateway, services }: ReferenceOptions, emit: Emit, steps: Partial<Steps> = {}) {
    this.#steps = { ...CORRECT_STEPS, ...steps };
    this.#network = new Network(nics, gateway);
    this.#output = new Output(this.#network, this.#steps, emit);
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
    const dst = packet.eth?.dst;
    if (packet.arp !== undefined) {
      if (dst === nic.mac || dst === BROADCAST) this.#output.receiveArp(nic, packet.arp);
    } else if (dst === nic.mac && packet.ip4 !== undefined && this.#steps.accepts(packet, this.#network)) {
      this.#receiveIp(packet);
    }
  }

  #receiveIp({ ip, bytes }: Packet): void {
    if (ip === undefined) return;
    // A copy without Ethernet header and padding: it is rewritten in place.
    const packet = decodeIp(bytes.slice(ip.offset, ip.offset + ip.length));
    const isOurs = this.#network.owns(ip.dst);
    const gathers = isOurs || this.#realServers.has(ip.src);
    const datagram = gathers ? this.#reassembly.add(packet, ip) : { packet, largest: ip.length };
    if (datagram === undefined) return;
    if (isOurs) this.#receiveOwn(datagram);
    else this.#transit(datagram);
  }

  /** To an address of the director's: balanced, or answered. */
  #receiveOwn(datagram: Datagram): void {
    const { packet } = datagram;
    if (packet.icmp?.isError) {
      this.#receiveError(datagram);
      return;
    }
    const tuple = tupleOf(packet);
    const known = tuple && this.#steps.findConnection(this.#connections, tuple);
    const opens = this.#steps.opensConnection(packet);
    if (known !== undefined && !(known.isClosed && opens)) {
      const standing = this.#steps.standing(this.#services, known);
      if (standing === "available") this.#forward(datagram, known);
      else if (standing === "unserved") this.#answer(packet);
      return;
    }
    const service = tuple && this.#steps.findService(this.#services, tuple);
    if (tuple === undefined || service === undefined || !opens) {
      this.#answer(packet);
      return;
    }
    this.#open(datagram, tuple, service);
  }

  #open(datagram: Datagram, tuple: Tuple, service: Service): void {
    const server = this.#steps.schedule(this.#services, service, tuple.src);
    if (server === undefined) {
      this.#refuse(datagram.packet, PORT_UNREACHABLE);
      return;
    }
    const connection = new Connection(tuple, service, server);
    this.#connections.add(connection);
    this.#forward(datagram, connection);
  }

  #forward(datagram: Datagram, connection: Connection): void {
    this.#note(datagram.packet, connection, "request");
    const { overhead, request } = this.#steps.models[connection.model];
    this.#hop(datagram, connection.server.ip, overhead, (tunnel) => request(datagram.packet, connection, tunnel));
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
    const connection = tuple && this.#steps.findConnection(this.#connections, reversed(tuple));
    if (connection === undefined || this.#steps.standing(this.#services, connection) !== "available") return;
    const { overhead, error } = this.#steps.models[connection.model];
    this.#hop(datagram, connection.server.ip, overhead, (tunnel) => error(packet, connection, tunnel));
  }

  /** A router inside the tunnel reports about an outer packet: the client hears of its own (RFC 2003 §4). */
  #relayFromTunnel({ icmp }: Packet, outer: Packet, inner: Packet): void {
    const tuple = quotedTuple(inner);
    const connection = tuple && this.#steps.findConnection(this.#connections, tuple);
    if (icmp === undefined || connection?.model !== "tun" || outer.ip?.dst !== connection.server.ip) return;
    const { type, code, kind } = icmp;
    const mtu = kind === "too-big" ? Math.max(0, icmp.mtu - TUNNEL_OVERHEAD) : 0;
    this.#refuse(inner, { type, code, mtu });
  }

  /** To someone else: the answers of NAT real servers, and whatever else has the director for its gateway. */
  #transit(datagram: Datagram): void {
    const { packet } = datagram;
    const { ip, quoted } = packet;
    if (ip === undefined) return;
    const tuple = quoted ? quotedTuple(quoted) : tupleOf(packet);
    const connection = tuple && this.#steps.findReply(this.#connections, quoted ? reversed(tuple) : tuple);
    if (connection === undefined) {
      this.#hop(datagram, ip.dst, 0, () => packet.bytes);
      return;
    }
    if (quoted !== undefined && !this.#isRelayed(packet)) return;
    this.#note(packet, connection, "reply");
    const { translateErrorToClient, translateReply } = this.#steps;
    this.#hop(datagram, ip.dst, 0, () => {
      if (quoted !== undefined) translateErrorToClient(packet, connection);
      else translateReply(packet, connection);
      return packet.bytes;
    });
  }

  /** Linux, too, drops an error about a flow where the message is damaged: what it quotes cannot be trusted. */
  #isRelayed(error: Packet): boolean {
    return this.#steps.relaysError(error) && l4ChecksumState(error) === "valid";
  }

  /**
   * One IP hop. TTL, route and MTU are judged on the datagram as it came, so that an ICMP error quotes what its sender
   * knows; then the TTL is counted down and the datagram rewritten.
   * @param towards the address whose next hop it is sent to
   * @param overhead bytes that the rewriting adds
   */
  #hop(
    { packet, largest }: Datagram,
    towards: string,
    overhead: number,
    rewrite: (tunnel: Tunnel) => Uint8Array,
  ): void {
    const { ip } = packet;
    const route = this.#network.route(towards);
    if (ip === undefined) return;
    if (this.#steps.isExpired(ip)) {
      this.#refuse(packet, TIME_EXCEEDED);
    } else if (route === undefined) {
      this.#refuse(packet, NET_UNREACHABLE);
    } else if (this.#steps.isTooBig(ip, largest, route.nic.mtu - overhead)) {
      const mtu = route.nic.mtu - overhead;
      this.#refuse(packet, { type: ICMP_TYPE.unreachable, code: ICMP_FRAGMENTATION_NEEDED, mtu });
    } else {
      this.#steps.countDown(ip);
      const { ip: src, mtu } = route.nic;
      this.#output.send(rewrite({ src, dst: towards, mtu, nextId: this.#output.nextId }), route);
    }
  }

  /** What the stack of a host says to a packet that nobody is there for; to a damaged one it says nothing. */
  #answer(packet: Packet): void {
    if (packet.problem !== undefined || l4ChecksumState(packet) === "invalid") return;
    const id = this.#output.nextId();
    if (packet.tcp !== undefined) this.#output.sendOwn(this.#steps.reset(packet, id));
    else if (packet.udp !== undefined) this.#refuse(packet, PORT_UNREACHABLE);
    else if (packet.icmp !== undefined) this.#output.sendOwn(this.#steps.echoReply(packet, id));
    else if (packet.ip?.protocol !== IP_PROTOCOL.icmp) this.#refuse(packet, PROTOCOL_UNREACHABLE);
  }

  /** Tells the sender why its packet goes no further: from the address it had spoken to, else from the NIC towards it. */
  #refuse(packet: Packet, error: IcmpError): void {
    if (packet.ip === undefined) return;
    const { src, dst } = packet.ip;
    const speaker = this.#network.owns(dst) ? dst : this.#network.route(src)?.nic.ip;
    if (speaker === undefined) return;
    this.#output.sendOwn(this.#steps.icmpError(packet, error, speaker, this.#output.nextId()));
  }

  #note({ tcp }: Packet, connection: Connection, way: Way): void {
    if (tcp !== undefined) connection.note(way, tcp.flags);
  }
}

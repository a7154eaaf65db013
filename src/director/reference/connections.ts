import {
  type ForwardingModel,
  forwardingModel,
  type RealServer,
  type Service,
  type Tunnel,
} from "../../forwarding/setup.js";
import type { Packet } from "../../packet/packet.js";
import { SCTP_CHUNK } from "../../packet/sctp.js";
import { TCP_FLAG } from "../../packet/tcp.js";
import { destinationOf } from "./destination.js";

/** One direction of a flow, as the packet's own headers say it. */
export interface Tuple {
  /** IP protocol number. */
  readonly protocol: number;
  readonly src: string;
  readonly srcPort: number;
  readonly dst: string;
  readonly dstPort: number;
}

/** Which way a packet of a connection travels: `request` from the client, `reply` from the real server. */
export type Way = "request" | "reply";

/** One scheduled flow: the client's 5-tuple and the server that its first packet was given (`struct ip_vs_conn`). */
export class Connection {
  /** The tuple of the client's packets: CIP:cport → VIP:vport. */
  readonly request: Tuple;
  readonly model: ForwardingModel;
  readonly tunnel: Tunnel;
  readonly server: Pick<RealServer, "ip" | "port">;
  /** The server's name in its service's table. */
  readonly destination: string;
  #state: "new" | "established" | "closed" = "new";
  #finished = { request: false, reply: false };

  constructor(request: Tuple, service: Service, server: Pick<RealServer, "ip" | "port">) {
    this.request = request;
    this.model = forwardingModel(service);
    this.tunnel = service.tunnel;
    this.server = { ip: server.ip, port: server.port };
    this.destination = destinationOf(service, server);
  }

  /** The name of the flow, whatever of it a packet is. */
  get flow(): string {
    return tupleKey(this.request);
  }

  /** The tuple of the server's packets before translation: RIP:rport → CIP:cport. */
  get reply(): Tuple {
    const { protocol, src, srcPort } = this.request;
    return { protocol, src: this.server.ip, srcPort: this.server.port, dst: src, dstPort: srcPort };
  }

  /** Whether a SYN or an INIT on this tuple is a new connection (`is_new_conn_expected`, conn_reuse_mode=1). */
  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Notes what a packet does to the connection. */
  note(way: Way, { tcp, sctp }: Packet): void {
    if (tcp !== undefined) this.#noteSegment(way, tcp.flags);
    if (sctp?.hasChunk && CLOSING_CHUNKS.has(sctp.chunkType)) this.#state = "closed";
  }

  /**
   * A RST closes an established connection, but not one that still waits for its handshake (`tcp_states` of
   * ip_vs_proto_tcp.c). FIN closes when both ends have sent it; where the replies bypass the director, the client's next
   * ACK stands for the server's FIN.
   */
  #noteSegment(way: Way, flags: number): void {
    if (flags & TCP_FLAG.rst) {
      if (this.#state === "established") this.#state = "closed";
      return;
    }
    const acknowledges = (flags & (TCP_FLAG.ack | TCP_FLAG.syn)) === TCP_FLAG.ack;
    if (this.#state === "new" && way === "request" && acknowledges) this.#state = "established";
    if (flags & TCP_FLAG.fin) this.#finished[way] = true;
    else if (this.model !== "nat" && this.#finished.request && acknowledges) this.#finished.reply = true;
    if (this.#finished.request && this.#finished.reply) this.#state = "closed";
  }
}

/** What ends an association at once, whichever end sends it (`sctp_states` of ip_vs_proto_sctp.c). */
const CLOSING_CHUNKS: ReadonlySet<number> = new Set([SCTP_CHUNK.abort, SCTP_CHUNK.shutdownComplete]);

/**
 * The connections, found by the exact 5-tuple of either direction.
 *
 * Nothing expires, for there is no clock; when the table is full the oldest connection makes room.
 */
export class ConnectionTable {
  readonly #limit: number;
  readonly #requests = new Map<string, Connection>();
  readonly #replies = new Map<string, Connection>();
  /** By destination. */
  readonly #open = new Map<string, number>();

  /** @param limit most connections that are kept */
  constructor(limit = 65_536) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#requests.size;
  }

  /** The connection that a client's packet belongs to (`conn_in_get`). */
  ofRequest(tuple: Tuple): Connection | undefined {
    return this.#requests.get(tupleKey(tuple));
  }

  /** The NAT connection that a real server's packet belongs to (`conn_out_get`); DR and TUN replies never come here. */
  ofReply(tuple: Tuple): Connection | undefined {
    return this.#replies.get(tupleKey(tuple));
  }

  /** How many connections that are not closed a destination has; Linux counts a closed one until its timeout as well. */
  openTo(destination: string): number {
    return this.#open.get(destination) ?? 0;
  }

  /** Notes what a packet does to its connection. */
  note(connection: Connection, way: Way, packet: Packet): void {
    const wasClosed = connection.isClosed;
    connection.note(way, packet);
    if (connection.isClosed && !wasClosed) this.#count(connection, -1);
  }

  all(): IterableIterator<Connection> {
    return this.#requests.values();
  }

  add(connection: Connection): void {
    const previous = this.ofRequest(connection.request);
    if (previous !== undefined) this.remove(previous);
    if (this.#requests.size >= this.#limit) {
      const [oldest] = this.#requests.values();
      if (oldest !== undefined) this.remove(oldest);
    }
    this.#requests.set(tupleKey(connection.request), connection);
    if (!connection.isClosed) this.#count(connection, 1);
    if (connection.model === "nat") this.#replies.set(tupleKey(connection.reply), connection);
  }

  clear(): void {
    this.#requests.clear();
    this.#replies.clear();
    this.#open.clear();
  }

  remove(connection: Connection): void {
    if (this.#requests.delete(tupleKey(connection.request)) && !connection.isClosed) this.#count(connection, -1);
    const key = tupleKey(connection.reply);
    // Two services may map to one server port: the newer connection then owns the reply's tuple.
    if (this.#replies.get(key) === connection) this.#replies.delete(key);
  }

  #count({ destination }: Connection, change: number): void {
    const open = this.openTo(destination) + change;
    if (open > 0) this.#open.set(destination, open);
    else this.#open.delete(destination);
  }
}

/** The tuple of a TCP, UDP or SCTP packet whose header is there as a whole; undefined of any other. */
export function tupleOf(packet: Packet): Tuple | undefined {
  return packet.tcp?.isPartial ? undefined : quotedTuple(packet);
}

/** As `tupleOf`, of a packet that an ICMP error quotes: its first 8 bytes behind IP are enough (RFC 792). */
export function quotedTuple(packet: Packet): Tuple | undefined {
  const { ip } = packet;
  const ports = portHeader(packet);
  if (ip === undefined || ports === undefined) return undefined;
  return { protocol: ip.protocol, src: ip.src, srcPort: ports.srcPort, dst: ip.dst, dstPort: ports.dstPort };
}

/** The header that has a packet's ports. */
export function portHeader({ tcp, udp, sctp }: Packet): NonNullable<Packet["tcp" | "udp" | "sctp"]> | undefined {
  return tcp ?? udp ?? sctp;
}

/** The tuple of a packet in the other direction. */
export function reversed({ protocol, src, srcPort, dst, dstPort }: Tuple): Tuple {
  return { protocol, src: dst, srcPort: dstPort, dst: src, dstPort: srcPort };
}

function tupleKey({ protocol, src, srcPort, dst, dstPort }: Tuple): string {
  return `${protocol} ${src}:${srcPort} ${dst}:${dstPort}`;
}

import type { ForwardingModel, Nic, RealServer, Service } from "../../forwarding/setup.js";
import type { Arp } from "../../packet/arp.js";
import type { Ip } from "../../packet/ip.js";
import type { Packet } from "../../packet/packet.js";
import { SCTP_CHUNK } from "../../packet/sctp.js";
import { TCP_FLAG } from "../../packet/tcp.js";
import { type Egress, frames } from "./compose.js";
import { type Connection, type ConnectionTable, type Tuple, tupleOf } from "./connections.js";
import { passOn } from "./direct.js";
import type { IcmpError } from "./errors.js";
import { arpReply, arpRequest, echoReply, icmpError, reset } from "./local.js";
import { neighbourAdvertisement, neighbourSolicitation } from "./ndp.js";
import { isHostAddress, type Network, type Route } from "./network.js";
import type { ServiceTable, Standing } from "./services.js";
import { translateErrorToClient, translateErrorToServer, translateReply, translateRequest } from "./translate.js";
import { encapsulate, type TunnelEnds, tunnelRoom } from "./tunnel.js";

/**
 * What a model does to a client's datagram, or to an ICMP error about one of its flows, once its TTL is counted down:
 * returns the IP datagram that goes to the next hop towards the real server. May rewrite the packet in place.
 */
export type Forward = (packet: Packet, connection: Connection, ends: TunnelEnds) => Uint8Array;

/** How one model forwards. */
export interface ModelSteps {
  /** Largest datagram in bytes that it may send whole in packets of `mtu` bytes. */
  room(ip: Ip, connection: Connection, mtu: number): number;
  readonly request: Forward;
  readonly error: Forward;
}

/**
 * Every decision and every rewriting of the director, each a function of its own that knows nothing of the others.
 *
 * A fault is a director with one of them replaced by a wrong one, and all others right.
 */
export interface Steps {
  /** Whether a packet that arrived may be handled at all; what may not is dropped in silence (RFC 1812 §5.2.2). */
  accepts(packet: Packet, network: Network): boolean;
  /** What is balanced of a packet to the director: the packet itself, never one that it carries in a tunnel. */
  unwrap(packet: Packet): Packet;
  /** Where a packet comes from and goes to; undefined of what no service can be for. */
  tupleOf(packet: Packet): Tuple | undefined;
  /** The connection that a client's packet belongs to. */
  findConnection(connections: ConnectionTable, tuple: Tuple): Connection | undefined;
  /** The connection that an ICMP error of the client's side is about: the tuple is that of the client's packets. */
  findQuoted(connections: ConnectionTable, tuple: Tuple): Connection | undefined;
  /** The NAT connection that a real server's packet belongs to. */
  findReply(connections: ConnectionTable, tuple: Tuple): Connection | undefined;
  /** Whether the server of a connection may still be sent its packets. */
  standing(services: ServiceTable, connection: Connection): Standing;
  /** The service that a client's packet is for. */
  findService(services: ServiceTable, tuple: Tuple): Service | undefined;
  /** Whether a packet may be the first of a connection. */
  opensConnection(packet: Packet): boolean;
  /** Whether a packet on the tuple of a connection is the first of another one. */
  replaces(connection: Connection, packet: Packet): boolean;
  /** The server that a new connection is given; undefined where none is available. */
  schedule(
    services: ServiceTable,
    service: Service,
    tuple: Tuple,
    connections: ConnectionTable,
  ): RealServer | undefined;
  /** Whether the packets behind a service's first one follow it; with one-packet scheduling they do not. */
  keepsConnection(service: Service): boolean;
  /** Whether a service's requests, or what else passes the director, leave it while it routes and while it does not. */
  isTransmitted(what: "request" | "transit", forwards: boolean): boolean;
  /** The way to an address, for what is sent on. */
  route(network: Network, ip: string): Route | undefined;
  /** Whether the packet's TTL does not carry it over one more hop. */
  isExpired(ip: Ip): boolean;
  /** Whether a packet of this size may not leave whole and may not be fragmented either; both in bytes. */
  isTooBig(ip: Ip, size: number, mtu: number): boolean;
  /** The one hop that the director is. */
  countDown(ip: Ip): void;
  readonly models: Readonly<Record<ForwardingModel, ModelSteps>>;
  /** @param egress the NIC that the answer leaves by */
  translateReply(packet: Packet, connection: Connection, egress: Nic): void;
  translateErrorToClient(packet: Packet, connection: Connection): void;
  /** Whether an ICMP error about a flow is passed on to whom it concerns. */
  relaysError(packet: Packet): boolean;
  /** What the sender of a packet that is sent on is told of a shorter way: nothing, IPVS is no router. */
  redirect(packet: Packet, route: Route, nextId: () => number): Uint8Array | undefined;
  /** The frames that carry a datagram from a NIC to a MAC. */
  frames(datagram: Uint8Array, nic: Egress, to: string): readonly Uint8Array[];
  arpRequest(nic: Nic, targetIp: string, network: Network): Uint8Array;
  arpReply(nic: Nic, request: Arp): Uint8Array | undefined;
  neighbourSolicitation(nic: Nic, targetIp: string, network: Network): Uint8Array;
  neighbourAdvertisement(nic: Nic, solicitation: Packet, isRouter: boolean): Uint8Array | undefined;
  echoReply(request: Packet, id: number): Uint8Array | undefined;
  reset(segment: Packet, id: number): Uint8Array | undefined;
  icmpError(about: Packet, error: IcmpError, src: string, id: number): Uint8Array | undefined;
}

const direct: ModelSteps = { room: wholeMtu, request: passOn, error: passOn };

/** The steps of a director that obeys every rule. */
export const CORRECT_STEPS: Steps = {
  accepts,
  unwrap: (packet) => packet,
  tupleOf,
  findConnection: (connections, tuple) => connections.ofRequest(tuple),
  findQuoted: (connections, tuple) => connections.ofRequest(tuple),
  findReply: (connections, tuple) => connections.ofReply(tuple),
  standing: (services, connection) => services.standing(connection),
  findService: (services, tuple) => services.find(tuple),
  opensConnection,
  replaces: (connection, packet) => connection.isClosed && opensConnection(packet),
  schedule: (services, service, tuple, connections) => services.schedule(service, tuple, connections),
  keepsConnection: (service) => !service.onePacket,
  // IPVS sends requests from LOCAL_IN, and translates answers on their way through FORWARD.
  isTransmitted: (what, forwards) => what === "request" || forwards,
  route: (network, ip) => network.route(ip),
  isExpired: (ip) => ip.ttl <= 1,
  isTooBig: (ip, size, mtu) => ip.df && size > mtu,
  countDown,
  models: {
    nat: { room: wholeMtu, request: rewriting(translateRequest), error: rewriting(translateErrorToServer) },
    dr: direct,
    tun: { room: tunnelRoom, request: encapsulate, error: encapsulate },
  },
  translateReply,
  translateErrorToClient,
  relaysError,
  redirect: () => undefined,
  frames,
  arpRequest,
  arpReply,
  neighbourSolicitation,
  neighbourAdvertisement,
  echoReply,
  reset,
  icmpError,
};

/** Where a routing header says how many of its addresses are still to come (RFC 8200 §4.4). */
const SEGMENTS_LEFT = 3;

/**
 * A sound IP header from a host that is not the director itself, as `ip_rcv` and `fib_validate_source` want it: a real
 * server whose gateway is the director sends answers with the VIP as source, and these end here. So does a source route
 * of IPv6 that leads over the director (RFC 5095, accept_source_route).
 */
function accepts({ ip, ip6, bytes }: Packet, network: Network): boolean {
  if (ip === undefined || !ip.checksumValid) return false;
  if (ip.length < ip.headerLength || ip.offset + ip.length > bytes.length) return false;
  const { src, dst } = ip;
  if (!isHostAddress(src) || network.owns(src) || network.isBroadcast(src)) return false;
  if (network.owns(dst) && (ip6?.routing[SEGMENTS_LEFT] ?? 0) > 0) return false;
  return isHostAddress(dst) && !network.isBroadcast(dst);
}

/** Any UDP datagram; of SCTP an INIT; of TCP a SYN that neither acknowledges nor resets (`tcp_conn_schedule` without sloppy_tcp). */
function opensConnection({ tcp, udp, sctp }: Packet): boolean {
  if (sctp !== undefined) return sctp.hasChunk && sctp.chunkType === SCTP_CHUNK.init;
  if (tcp === undefined) return udp !== undefined;
  return (tcp.flags & (TCP_FLAG.syn | TCP_FLAG.ack | TCP_FLAG.rst)) === TCP_FLAG.syn;
}

function countDown(ip: Ip): void {
  ip.ttl -= 1;
  ip.updateChecksum();
}

/** The types that report about a datagram (`ip_vs_in_icmp`); a redirect is for the one router that it was sent to. */
function relaysError({ icmp }: Packet): boolean {
  return icmp?.isError === true && icmp.kind !== "redirect";
}

function rewriting(rewrite: (packet: Packet, connection: Connection) => void): Forward {
  return (packet, connection) => {
    rewrite(packet, connection);
    return packet.bytes;
  };
}

function wholeMtu(_: Ip, __: Connection, mtu: number): number {
  return mtu;
}

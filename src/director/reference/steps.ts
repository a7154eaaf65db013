import type { Model, Nic, RealServer, Service } from "../../forwarding/setup.js";
import type { Arp } from "../../packet/arp.js";
import type { Ip } from "../../packet/ip.js";
import type { Packet } from "../../packet/packet.js";
import { TCP_FLAG } from "../../packet/tcp.js";
import type { Connection, ConnectionTable, Tuple } from "./connections.js";
import { passOn } from "./direct.js";
import { arpReply, arpRequest, echoReply, type IcmpError, icmpError, reset } from "./local.js";
import { isHostAddress, type Network } from "./network.js";
import type { ServiceTable, Standing } from "./services.js";
import { translateErrorToClient, translateErrorToServer, translateReply, translateRequest } from "./translate.js";
import { encapsulate, TUNNEL_OVERHEAD, type Tunnel } from "./tunnel.js";

/**
 * What a model does to a client's datagram, or to an ICMP error about one of its flows, once its TTL is counted down:
 * returns the IP datagram that goes to the next hop towards the real server. May rewrite the packet in place.
 */
export type Forward = (packet: Packet, connection: Connection, tunnel: Tunnel) => Uint8Array;

/** How one model forwards. */
export interface ModelSteps {
  /** Bytes that it adds to a datagram. */
  readonly overhead: number;
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
  /** The connection that a client's packet belongs to. */
  findConnection(connections: ConnectionTable, tuple: Tuple): Connection | undefined;
  /** The NAT connection that a real server's packet belongs to. */
  findReply(connections: ConnectionTable, tuple: Tuple): Connection | undefined;
  /** Whether the server of a connection may still be sent its packets. */
  standing(services: ServiceTable, connection: Connection): Standing;
  /** The service that a client's packet is for. */
  findService(services: ServiceTable, tuple: Tuple): Service | undefined;
  /** Whether a packet may be the first of a connection. */
  opensConnection(packet: Packet): boolean;
  /** The server that a new connection is given; undefined where none is available. */
  schedule(services: ServiceTable, service: Service, client: string): RealServer | undefined;
  /** Whether the packet's TTL does not carry it over one more hop. */
  isExpired(ip: Ip): boolean;
  /** Whether a packet of this size may not leave whole and may not be fragmented either; both in bytes. */
  isTooBig(ip: Ip, size: number, mtu: number): boolean;
  /** The one hop that the director is. */
  countDown(ip: Ip): void;
  readonly models: Readonly<Record<Model, ModelSteps>>;
  translateReply(packet: Packet, connection: Connection): void;
  translateErrorToClient(packet: Packet, connection: Connection): void;
  /** Whether an ICMP error about a flow is passed on to whom it concerns. */
  relaysError(packet: Packet): boolean;
  arpRequest(nic: Nic, targetIp: string): Uint8Array;
  arpReply(nic: Nic, request: Arp): Uint8Array | undefined;
  echoReply(request: Packet, id: number): Uint8Array | undefined;
  reset(segment: Packet, id: number): Uint8Array | undefined;
  icmpError(about: Packet, error: IcmpError, src: string, id: number): Uint8Array | undefined;
}

const direct: ModelSteps = { overhead: 0, request: passOn, error: passOn };

/** The steps of a director that obeys every rule. */
export const CORRECT_STEPS: Steps = {
  accepts,
  findConnection: (connections, tuple) => connections.ofRequest(tuple),
  findReply: (connections, tuple) => connections.ofReply(tuple),
  standing: (services, connection) => services.standing(connection),
  findService: (services, tuple) => services.find(tuple),
  opensConnection,
  schedule: (services, service, client) => services.schedule(service, client),
  isExpired: (ip) => ip.ttl <= 1,
  isTooBig: (ip, size, mtu) => ip.df && size > mtu,
  countDown,
  models: {
    nat: { overhead: 0, request: rewriting(translateRequest), error: rewriting(translateErrorToServer) },
    dr: direct,
    tun: { overhead: TUNNEL_OVERHEAD, request: tunnelled, error: tunnelled },
  },
  translateReply,
  translateErrorToClient,
  relaysError,
  arpRequest,
  arpReply,
  echoReply,
  reset,
  icmpError,
};

/**
 * A sound IPv4 header from a host that is not the director itself, as `ip_rcv` and `fib_validate_source` want it:
 * a real server whose gateway is the director sends answers with the VIP as source, and these end here.
 */
function accepts({ ip, bytes }: Packet, network: Network): boolean {
  if (ip === undefined || !ip.checksumValid) return false;
  if (ip.length < ip.headerLength || ip.offset + ip.length > bytes.length) return false;
  const { src, dst } = ip;
  if (!isHostAddress(src) || network.owns(src) || network.isBroadcast(src)) return false;
  return isHostAddress(dst) && !network.isBroadcast(dst);
}

/** Any UDP datagram; of TCP a SYN that neither acknowledges nor resets (`tcp_conn_schedule` without sloppy_tcp). */
function opensConnection({ tcp, udp }: Packet): boolean {
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

function tunnelled(packet: Packet, _: Connection, tunnel: Tunnel): Uint8Array {
  return encapsulate(packet, tunnel);
}

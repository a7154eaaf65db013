import {
  addressesOf,
  addressFor,
  gatewayFor,
  type Host,
  isOnLink,
  type Nic,
  type Protocol,
  type Service,
  type Setup,
  shareSegment,
} from "../forwarding/setup.js";
import { isAnyIp, isIp6, isMac } from "../packet/address.js";
import { craft, type PacketSpec } from "../packet/craft.js";
import { BROADCAST } from "../packet/ethernet.js";
import { fragment } from "../packet/fragment.js";
import type { Frame } from "../packet/frame.js";
import type { Packet } from "../packet/packet.js";
import { lastAnswerAtClient, lastAnswerFrom, lastRequestAt } from "./flow-record.js";
import type { FlowFields } from "./scenario.js";

/** Unlike any initial value of a kernel, so that a router that resets it shows. */
const TTL = 61;
/** First sequence numbers differ from flow to flow, and lie far enough apart and from 2^32 for what a flow may send. */
const SEQUENCES_OF_A_FLOW = 40_000;
const FIRST_SERVER_SEQUENCE = 2_000_000;
/** Layers whose frames have no ports of a flow. */
const PORTLESS = ["icmp", "icmpv6", "arp", "vrrp"];
/** Header and first bytes of a packet that an ICMP error quotes at most, so that the error stays within 576 bytes (RFC 1812 §4.3.2.3). */
const QUOTED = 548;

export type Destination = { readonly vip: string; readonly port: number; readonly protocol: Protocol };

/** One client port towards one service, and where its conversation stands. */
export interface Flow {
  readonly name: string;
  readonly host: Host;
  readonly ip: string;
  readonly port: number;
  readonly to: Destination;
  /** Sequence number of the next segment from the client. */
  nextSequence: number;
}

/** A frame with the NIC it leaves from. */
export interface Outgoing {
  readonly host: string;
  readonly nic: string;
  readonly frames: readonly Uint8Array[];
}

/** Turns the fields of a step into frames: what the author left out is filled in as the host itself would. */
export class Crafting {
  readonly #setup: Setup;
  /** Counts up, so that every crafted datagram can be told from every other. */
  readonly #nextId: () => number;

  constructor(setup: Setup, nextId: () => number) {
    this.#setup = setup;
    this.#nextId = nextId;
  }

  host(name: string): Host {
    const host = this.#setup.hosts.find((host) => host.name === name);
    if (!host) throw new Error(`the setup has no host ${name}`);
    return host;
  }

  service(to: Destination): Service | undefined {
    return this.#setup.services.find(
      (service) => service.vip === to.vip && service.port === to.port && service.protocol === to.protocol,
    );
  }

  openFlow(name: string, from: string, to: Destination, port: number): Flow {
    const host = this.host(from);
    return { name, host, ip: this.#sourceTo(host, to.vip), port, to, nextSequence: port * SEQUENCES_OF_A_FLOW };
  }

  /** A frame from the flow's client; the flow moves on by what the frame carries. */
  request(step: FlowFields, flow: Flow, frames: readonly Frame[], from: Host): Outgoing {
    const { protocol, vip, port } = flow.to;
    const fields = this.#named(step.fields, from);
    const hasPorts = !PORTLESS.some((layer) => hasLayer(fields, layer)) && fields.inner === undefined;
    const quoted = step.quote === undefined ? undefined : quotable(lastAnswerAtClient(flow, frames));
    const layer: PacketSpec = hasPorts
      ? {
          [`${protocol}.srcport`]: flow.port,
          [`${protocol}.dstport`]: port,
          ...(protocol === "tcp" ? this.#segment(fields, flow, frames) : {}),
        }
      : {};
    const spec: PacketSpec = {
      ...this.#ip(step.quote === undefined && from === flow.host ? flow.ip : this.#sourceTo(from, vip), vip),
      ...layer,
      ...(quoted ? { quoted } : {}),
      ...fields,
    };
    if (protocol === "tcp" && hasPorts) flow.nextSequence = sequenceAfter(spec);
    return this.#outgoing(from, spec, step);
  }

  /** A frame from a real server back to the flow's client. */
  answer(step: FlowFields, flow: Flow, frames: readonly Frame[], server: Host): Outgoing {
    const request = lastRequestAt(server, flow, frames);
    const service = this.service(flow.to);
    const nat = service?.model === "nat";
    const local = service?.realServers.find((candidate) => candidate.name === server.name);
    const own = addressFor(server.nics[0] as Nic, flow.ip) ?? "";
    const fields = this.#named(step.fields, server);
    const { protocol } = flow.to;
    const layer: PacketSpec = PORTLESS.some((layer) => hasLayer(fields, layer))
      ? {}
      : {
          [`${protocol}.srcport`]: nat ? (local?.port ?? flow.to.port) : flow.to.port,
          [`${protocol}.dstport`]: flow.port,
          ...(protocol === "tcp" ? acknowledging(request, lastAnswerFrom(server, flow, frames)) : {}),
        };
    const quoted = step.quote === undefined ? undefined : quotable(request);
    const spec: PacketSpec = {
      ...this.#ip(nat ? own : flow.to.vip, flow.ip),
      ...layer,
      ...(quoted ? { quoted } : {}),
      ...fields,
    };
    return this.#outgoing(server, spec, step);
  }

  /** The IP header that a crafted packet has unless the author says otherwise. */
  #ip(src: string, dst: string): PacketSpec {
    if (isIp6(dst)) return { "ipv6.src": src, "ipv6.dst": dst, "ipv6.hlim": TTL };
    return { "ip.src": src, "ip.dst": dst, "ip.ttl": TTL, "ip.id": this.#nextId(), "ip.flags.df": false };
  }

  /** The address that a host sends from to another one. */
  #sourceTo(host: Host, ip: string): string {
    const nic = this.#egress(host, ip);
    return addressFor(nic, ip) ?? nic.ip;
  }

  #segment(fields: PacketSpec, flow: Flow, frames: readonly Frame[]): PacketSpec {
    const flags = fields["tcp.flags"] ?? "S";
    const answer = lastAnswerAtClient(flow, frames);
    const acknowledges = String(flags).includes("A") && answer?.tcp;
    return {
      "tcp.flags": flags,
      "tcp.seq_raw": flow.nextSequence,
      ...(acknowledges ? { "tcp.ack_raw": sequenceBehind(answer) } : {}),
    };
  }

  #outgoing(from: Host, spec: PacketSpec, step: FlowFields): Outgoing {
    const destination = String(spec["ipv6.dst"] ?? spec["ip.dst"]);
    const nic = this.#nicBeside(from, spec["eth.dst"]) ?? this.#egress(from, destination);
    const frame = craft({ "eth.src": nic.mac, "eth.dst": this.#nextHopMac(from, destination), ...spec });
    const pieces = step.fragment ? fragment(frame, step.fragment.size, this.#nextId()) : [frame];
    return {
      host: from.name,
      nic: nic.name,
      frames: step.fragment?.order === "reversed" ? pieces.toReversed() : pieces,
    };
  }

  /** The NIC on the segment of the host whose MAC the author wrote: only there it is anybody's. */
  #nicBeside(from: Host, mac: PacketSpec[string]): Nic | undefined {
    const owner = this.#setup.hosts.flatMap((host) => host.nics).find((nic) => nic.mac === mac);
    return owner && from.nics.find((nic) => shareSegment(nic, owner));
  }

  /** The NIC that the host's routing would choose: on-link, else towards the gateway, else the first. */
  #egress(host: Host, ip: string): Nic {
    const onLink = (address: string | undefined) =>
      address === undefined ? undefined : host.nics.find((nic) => isOnLink(nic, address));
    return onLink(ip) ?? onLink(gatewayFor(host, ip)) ?? (host.nics[0] as Nic);
  }

  #nextHopMac(host: Host, ip: string): string {
    const nic = this.#egress(host, ip);
    const hop = isOnLink(nic, ip) ? ip : (gatewayFor(host, ip) ?? ip);
    return this.#macOf(hop) ?? BROADCAST;
  }

  #macOf(ip: string): string | undefined {
    const owner = this.#setup.hosts
      .flatMap((host) => host.nics)
      .find((nic) => addressesOf(nic).some((own) => own.ip === ip));
    if (owner) return owner.mac;
    const director = this.#setup.hosts.find((host) => host.role === "director");
    const isVip = this.#setup.services.some((service) => service.vip === ip);
    return isVip && director ? this.#egress(director, ip).mac : undefined;
  }

  /** Replaces names of the setup by addresses, as seen from a host. */
  #named(fields: PacketSpec, from: Host): PacketSpec {
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => {
        if (name === "inner") return [name, this.#named(value as PacketSpec, from)];
        return [name, typeof value === "string" ? this.address(name, value, from) : value];
      }),
    );
  }

  /** The MAC or IP address that a value of an address field means; any other value as it is. */
  address(field: string, value: string, from?: Host): string {
    const wantsMac = /^(eth\.(dst|src)|arp\.(src|dst)\.hw_mac)$/.test(field);
    const plain = field.replace(/#\d$/, "");
    const wantsIp6 = /^(ipv6\.(src|dst)|icmpv6\.nd\.n[sa]\.target_address)$/.test(plain);
    const wantsIp = wantsIp6 || /^(ip\.(src|dst)|arp\.(src|dst)\.proto_ipv4)$/.test(plain);
    if (!(wantsMac || wantsIp) || isMac(value) || isAnyIp(value)) return value;
    if (value === "broadcast") return wantsMac ? BROADCAST : "255.255.255.255";
    const vip = this.#setup.services[0]?.vip ?? "";
    if (value === "vip") return wantsMac ? (this.#macOf(vip) ?? BROADCAST) : vip;
    const [hostName = "", nicName] = value.split("/");
    const host = this.host(hostName);
    const near = (nic: Nic) => from?.nics.some((own) => shareSegment(nic, own)) ?? false;
    const nic = host.nics.find((nic) => (nicName ? nic.name === nicName : near(nic))) ?? (host.nics[0] as Nic);
    return wantsMac ? nic.mac : (addressFor(nic, wantsIp6 ? "::" : "0.0.0.0") ?? nic.ip);
  }
}

function hasLayer(fields: PacketSpec, layer: string): boolean {
  return Object.keys(fields).some((name) => name.startsWith(`${layer}.`));
}

function sequenceAfter(spec: PacketSpec): number {
  const flags = String(spec["tcp.flags"] ?? "S");
  const payload = spec.payload === undefined ? 0 : Buffer.byteLength(spec.payload as string | Uint8Array);
  return (Number(spec["tcp.seq_raw"]) + payload + (flags.includes("S") ? 1 : 0) + (flags.includes("F") ? 1 : 0)) >>> 0;
}

/** The sequence number that acknowledges a segment. */
function sequenceBehind(packet: Packet): number {
  const { tcp } = packet;
  if (!tcp) return 0;
  const counted = (tcp.flagsText.includes("S") ? 1 : 0) + (tcp.flagsText.includes("F") ? 1 : 0);
  return (tcp.seq + packet.payload.length + counted) >>> 0;
}

/** Sequence and acknowledgement numbers of a segment that answers `request`, behind what the server sent before. */
function acknowledging(request: Packet | undefined, before: Packet | undefined): PacketSpec {
  return {
    "tcp.flags": "SA",
    ...(before?.tcp ? { "tcp.seq_raw": sequenceBehind(before) } : { "tcp.seq_raw": FIRST_SERVER_SEQUENCE }),
    ...(request?.tcp ? { "tcp.ack_raw": sequenceBehind(request) } : {}),
  };
}

/** What an ICMP error quotes of a packet. */
function quotable(packet: Packet | undefined): Uint8Array | undefined {
  return packet?.bytes.subarray(packet.ip?.offset ?? 0).subarray(0, QUOTED);
}

/**
 * Evidence written by hand: a lab on paper for the tests of rules and journeys.
 * Every hop is as a correct network does it; a test says what one hop does differently.
 */

import { craft, type PacketSpec } from "../../packet/craft.js";
import { BROADCAST } from "../../packet/ethernet.js";
import { fragment } from "../../packet/fragment.js";
import type { Direction, Frame } from "../../packet/frame.js";
import { decode } from "../../packet/packet.js";
import type { Change, Evidence } from "../evidence.js";
import { followJourneys } from "../journey.js";
import {
  type Host,
  IP_IN_IP,
  type Model,
  type Nic,
  type RealServer,
  type Role,
  type Service,
  type Setup,
} from "../setup.js";

export const CLIENT = "172.16.0.100";
export const VIP = "10.0.0.10";
export const DIP = "10.0.0.1";
const START = 1_000_000_000n;

/** What one hop does differently; a field with the value `undefined` takes the field away. */
export interface Request {
  readonly server?: "rs1" | "rs2";
  readonly port?: number;
  /** The packet as the client sends it, beyond what every one has. */
  readonly spec?: PacketSpec;
  /** What the director's copy has otherwise; with `inner`, what the packet in the tunnel has. */
  readonly out?: PacketSpec;
  readonly inner?: PacketSpec;
  /** What arrives otherwise than it was sent. */
  readonly arrival?: PacketSpec;
  /** How many copies leave the director. */
  readonly copies?: number;
  /** Bytes of IP payload of each fragment. */
  readonly fragment?: number;
  readonly reversed?: boolean;
  /** The MAC of the director's that frames for it have. */
  readonly toDirector?: string;
  /** Taps where it is recorded but not addressed: a bridge that floods. */
  readonly flood?: readonly string[];
}

export class PaperLab {
  readonly model: Model;
  readonly setup: Setup;
  readonly changes: Change[] = [];
  readonly #hasTwoArms: boolean;
  settled = true;
  earlierClients?: ReadonlySet<string>;
  #time = START;
  readonly #frames: Frame[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(
    model: Model,
    options: {
      /** What both services have otherwise. */
      service?: Partial<Service>;
      answers?: RealServer["answers"];
      mtu?: number;
      weights?: number[];
      arms?: 1 | 2;
      routed?: boolean;
      /** rs1 has a second NIC, by which it answers. */
      dualHomed?: boolean;
      /** The real servers are backup directors. */
      backup?: boolean;
      /** A second director. */
      standby?: boolean;
    } = {},
  ) {
    this.model = model;
    this.#hasTwoArms = (options.arms ?? (model === "nat" ? 2 : 1)) === 2;
    const [net, dirMtu] = [this.#hasTwoArms ? "192.168.10" : "10.0.0", options.mtu ?? 1500];
    const dirNics = [nic("eth0", DIP, "02:00:00:00:00:01", this.#hasTwoArms ? 1500 : dirMtu)];
    if (this.#hasTwoArms) dirNics.push(nic("eth1", "192.168.10.1", "02:00:00:00:01:01", dirMtu));
    const gateway = model === "nat" ? `${net}.1` : "10.0.0.254";
    const first = nic("eth0", `${net}.11`, "02:00:00:00:00:11");
    const hosts = [
      host("client", "client", [nic("eth0", CLIENT, "02:00:00:00:00:64")], "172.16.0.1"),
      host("router", "router", [
        nic("eth0", "172.16.0.1", "02:00:00:00:02:fe"),
        nic("eth1", "10.0.0.254", "02:00:00:00:00:fe"),
        ...(options.routed ? [nic("eth2", "10.9.0.254", "02:00:00:00:09:fe")] : []),
        ...(options.dualHomed ? [nic("eth2", "10.8.0.254", "02:00:00:00:08:fe")] : []),
      ]),
      host("director", "director", dirNics, "10.0.0.254"),
      ...(options.standby
        ? [host("standby", "director", [nic("eth0", "10.0.0.2", "02:00:00:00:00:02")], "10.0.0.254")]
        : []),
      options.dualHomed
        ? host("rs1", "real-server", [first, nic("eth1", "10.8.0.11", "02:00:00:00:08:11")], "10.8.0.254")
        : host("rs1", "real-server", [first], gateway, options.backup),
      options.routed
        ? host("rs2", "real-server", [nic("eth0", "10.9.0.12", "02:00:00:00:00:12")], "10.9.0.254")
        : host("rs2", "real-server", [nic("eth0", `${net}.12`, "02:00:00:00:00:12")], gateway),
    ];
    const weights = options.weights ?? [1, 1];
    const server = (name: string, ip: string, port: number, weight = 1): RealServer => ({
      name,
      ip,
      port,
      weight,
      answers: options.answers ?? "silent",
    });
    const service = (protocol: "tcp" | "udp", port: number, rport: number): Service => ({
      vip: VIP,
      port,
      protocol,
      model,
      scheduler: "rr",
      schedulerFlags: [],
      onePacket: false,
      tunnel: IP_IN_IP,
      realServers: [
        server("rs1", `${net}.11`, rport, weights[0]),
        server("rs2", options.routed ? "10.9.0.12" : `${net}.12`, rport, weights[1]),
      ],
      ...options.service,
    });
    const mapped = model === "nat";
    this.setup = { services: [service("tcp", 80, mapped ? 8080 : 80), service("udp", 53, mapped ? 5353 : 53)], hosts };
  }

  evidence(): Evidence {
    const { setup, settled, changes } = this;
    const frames = this.#frames;
    const common = { setup, changes, frames, settled, journeys: followJourneys(frames, setup) };
    return this.earlierClients === undefined ? common : { ...common, earlierClients: this.earlierClients };
  }

  /** Lets so many milliseconds pass. */
  wait(milliseconds: number): void {
    this.#time += BigInt(milliseconds) * 1_000_000n;
  }

  ip(name: string): string {
    return this.#host(name).nics[0]?.ip ?? "";
  }

  mac(name: string, index = 0): string {
    return this.#host(name).nics[index]?.mac ?? "";
  }

  weights(rs1: number, rs2: number): void {
    this.change((server) => ({ ...server, weight: server.name === "rs1" ? rs1 : rs2 }));
  }

  /** The director's forwarding is turned on or off. */
  forwards(on: boolean): void {
    this.#time += 1000n;
    this.changes.push({ time: this.#time, services: this.setup.services, forwards: on });
  }

  /** Another service table; a server for which nothing is given is removed. */
  change(edit: (server: RealServer) => RealServer | undefined): void {
    this.#time += 1000n;
    const services = this.setup.services.map((service) => ({
      ...service,
      realServers: service.realServers.flatMap((server) => edit(server) ?? []),
    }));
    this.changes.push({ time: this.#time, services });
  }

  /** From the client by the router to the director. */
  toDirector(spec: PacketSpec, options: Pick<Request, "fragment" | "reversed" | "flood" | "toDirector"> = {}): void {
    const ttl = Number(spec["ip.ttl"] ?? 61);
    const frame = { "eth.src": this.mac("client"), "eth.dst": this.mac("router"), ...spec, "ip.ttl": ttl + 1 };
    this.wire("client", "router/eth0", frame, options);
    const routed = {
      "eth.src": this.mac("router", 1),
      "eth.dst": options.toDirector ?? this.mac("director"),
      ...spec,
      "ip.ttl": ttl,
    };
    this.wire("router/eth1", this.#directorTap(0), routed, options);
  }

  /** A request all the way to its real server. Left out: a TCP SYN to port 80. */
  request(options: Request = {}): void {
    const spec = this.requestSpec(options);
    this.toDirector(spec, options);
    for (let copy = 0; copy < (options.copies ?? 1); copy++) this.forward(spec, options);
  }

  requestSpec({ port = 40001, spec = {} }: Request): PacketSpec {
    const isUdp = Object.keys(spec).some((name) => name.startsWith("udp."));
    const l4 = isUdp
      ? { "udp.srcport": port, "udp.dstport": 53 }
      : { "tcp.srcport": port, "tcp.dstport": 80, "tcp.options": "020405b4" };
    return { "ip.src": CLIENT, "ip.dst": VIP, "ip.id": 0x1234, "ip.ttl": 61, "ip.dsfield": 0x2e, ...l4, ...spec };
  }

  /** The director's side of a request. */
  forward(spec: PacketSpec, options: Request = {}): void {
    const { server = "rs1", out = {}, inner = {}, arrival = {} } = options;
    const ttl = Number(spec["ip.ttl"] ?? 61) - 1;
    const tap = this.#directorTap(1);
    const macs = { "eth.src": this.mac("director", this.#hasTwoArms ? 1 : 0), "eth.dst": this.mac(server) };
    const [packet, macsOnly] = this.#copy(spec, server, ttl, { out, inner });
    const sent = { ...macs, ...packet, ...macsOnly };
    const to = this.#tapAt(String(sent["eth.dst"])) ?? server;
    this.wire(tap, to, sent, options, arrival);
  }

  #copy(spec: PacketSpec, server: string, ttl: number, { out, inner }: { out: PacketSpec; inner: PacketSpec }) {
    const rip = this.ip(server);
    if (this.model === "dr") return [{ ...spec, "ip.ttl": ttl }, out] as const;
    if (this.model === "nat") {
      const isUdp = spec["udp.srcport"] !== undefined;
      const port = isUdp ? { "udp.dstport": 5353 } : spec["tcp.srcport"] === undefined ? {} : { "tcp.dstport": 8080 };
      return [{ ...spec, "ip.dst": rip, ...port, "ip.ttl": ttl }, out] as const;
    }
    const outer = {
      "ip.src": DIP,
      "ip.dst": rip,
      "ip.ttl": ttl,
      "ip.flags.df": spec["ip.flags.df"],
      "ip.dsfield": spec["ip.dsfield"],
    };
    const id = spec["ip.flags.df"] ? 0 : Number(this.#time & 0xffffn);
    return [{ ...outer, "ip.id": id, inner: { ...spec, "ip.ttl": ttl, ...inner } }, out] as const;
  }

  /** An answer of a real server, to the client. Left out: SYN/ACK. Under NAT by the director. */
  answer(options: Request & { readonly sent?: PacketSpec; readonly forwarded?: boolean } = {}): void {
    const { server = "rs1", port = 40001, spec = {}, out = {}, sent = {}, forwarded = true } = options;
    const isNat = this.model === "nat";
    const isUdp = Object.keys(spec).some((name) => name.startsWith("udp."));
    const own = isNat ? (isUdp ? 5353 : 8080) : isUdp ? 53 : 80;
    const l4 = isUdp
      ? { "udp.srcport": own, "udp.dstport": port }
      : { "tcp.srcport": own, "tcp.dstport": port, "tcp.flags": "SA", "tcp.seq_raw": 9000, "tcp.ack_raw": 1001 };
    const src = isNat ? this.ip(server) : VIP;
    const common = { "ip.src": src, "ip.dst": CLIENT, "ip.ttl": 64, "ip.id": 0x4321, ...l4, ...spec };
    const gateway = isNat ? this.mac("director", this.#hasTwoArms ? 1 : 0) : this.mac("router", 1);
    const frame = { "eth.src": this.mac(server), "eth.dst": gateway, ...common, ...sent };
    const to = this.#tapAt(String(frame["eth.dst"]));
    this.wire(server, to ?? "router/eth1", frame, options);
    const isDirector = to?.startsWith("director") === true;
    if (!forwarded || (isDirector && !isNat)) return;
    if (!isDirector) {
      this.routeToClient(frame, options);
      return;
    }
    const back = isUdp
      ? { "udp.srcport": 53 }
      : common["icmp.type" as never] === undefined
        ? { "tcp.srcport": 80 }
        : {};
    const macs = { "eth.src": this.mac("director"), "eth.dst": this.mac("router", 1) };
    const translated = { ...common, ...sent, ...macs, "ip.src": VIP, ...back, "ip.ttl": 63, ...out };
    this.wire(this.#directorTap(0), "router/eth1", translated, options);
    this.routeToClient(translated, options);
  }

  /** What the router makes of a frame that it got on the director's side. */
  routeToClient(spec: PacketSpec, options: Pick<Request, "fragment"> = {}): void {
    const macs = { "eth.src": this.mac("router"), "eth.dst": this.mac("client") };
    this.wire("router/eth0", "client", { ...spec, ...macs, "ip.ttl": Number(spec["ip.ttl"] ?? 64) - 1 }, options);
  }

  /** A who-has at a host's NIC, and the answer. */
  ask(
    at: string,
    ip: string,
    options: { sender?: string; unicast?: boolean; answer?: string | false; from?: string; tap?: string } = {},
  ): void {
    const { sender = "10.0.0.254", from = this.mac("router", 1), answer = this.mac(at), tap = at } = options;
    const dst = options.unicast ? this.mac(at) : BROADCAST;
    const arp = { "arp.opcode": 1, "arp.src.hw_mac": from, "arp.src.proto_ipv4": sender, "arp.dst.proto_ipv4": ip };
    this.record(tap, "in", craft({ "eth.src": from, "eth.dst": dst, ...arp }));
    if (answer === false) return;
    const reply = { "arp.opcode": 2, "arp.src.hw_mac": answer, "arp.src.proto_ipv4": ip };
    const target = { "arp.dst.hw_mac": from, "arp.dst.proto_ipv4": sender };
    this.record(tap, "out", craft({ "eth.src": this.mac(at), "eth.dst": from, ...reply, ...target }));
  }

  /** A who-has that a host sends. */
  resolve(tap: string, sender: string, ip: string, mac: string): void {
    const arp = { "arp.opcode": 1, "arp.src.hw_mac": mac, "arp.src.proto_ipv4": sender, "arp.dst.proto_ipv4": ip };
    this.record(tap, "out", craft({ "eth.src": mac, "eth.dst": BROADCAST, ...arp }));
  }

  /** Out at one tap, in at another. */
  wire(
    from: string,
    to: string,
    spec: PacketSpec,
    options: Pick<Request, "fragment" | "reversed" | "flood"> = {},
    arrival: PacketSpec = {},
  ): void {
    const whole = craft(spec);
    const frames = options.fragment === undefined ? [whole] : fragment(whole, options.fragment);
    if (options.reversed) frames.reverse();
    for (const bytes of frames) this.record(from, "out", bytes);
    const changed = Object.keys(arrival).length > 0 ? [craft(merge(spec, arrival))] : frames;
    for (const bytes of changed) {
      this.record(to, "in", bytes);
      for (const tap of options.flood ?? []) this.record(tap, "in", bytes);
    }
  }

  record(tap: string, direction: Direction, bytes: Uint8Array, checksumReady = true): void {
    const number = (this.#numbers.get(tap) ?? 0) + 1;
    this.#numbers.set(tap, number);
    this.#time += 1000n;
    const name = tap.split("/")[0] ?? tap;
    const packet = decode(bytes);
    const common = { number, tap, host: name, direction, time: this.#time, bytes, wireLength: bytes.length };
    this.#frames.push({ ...common, checksumReady, packet });
  }

  #host(name: string): Host {
    const found = this.setup.hosts.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`no host ${name}`);
    return found;
  }

  #directorTap(index: number): string {
    return this.#hasTwoArms ? `director/eth${index}` : "director";
  }

  #tapAt(mac: string): string | undefined {
    for (const { name, nics } of this.setup.hosts) {
      const at = nics.find((candidate) => candidate.mac === mac);
      if (at !== undefined) return nics.length === 1 ? name : `${name}/${at.name}`;
    }
    return undefined;
  }
}

function merge(spec: PacketSpec, change: PacketSpec): PacketSpec {
  const inner = { ...(spec.inner as PacketSpec), ...(change.inner as PacketSpec) };
  return change.inner === undefined ? { ...spec, ...change } : { ...spec, ...change, inner };
}

function nic(name: string, ip: string, mac: string, mtu = 1500): Nic {
  return { name, ip, prefix: 24, others: [], mac, mtu };
}

function host(name: string, role: Role, nics: readonly Nic[], gateway?: string, backup = false): Host {
  const gateways = gateway === undefined ? [] : [gateway];
  return { name, role, nics, gateways, options: { sysctl: {}, vipPrefix: 32, backup } };
}

/**
 * Who is who, from frames alone: a packet to a VIP comes to the director, and leaves it as it is but for its MACs (DR), in
 * a tunnel (TUN) or for another address (NAT), with a smaller TTL; whom it leaves for is a real server.
 */

import { endpoint, isIp6 } from "../../packet/address.js";
import type { Packet } from "../../packet/packet.js";
import { contentOf } from "../content.js";
import { portsOf, protocolOf } from "../datagram.js";
import { groupBy } from "../group.js";
import type { Model, Protocol, Tunnel } from "../setup.js";
import type { Capture, CapturedFrame } from "./capture.js";
import { Copies, type Copy } from "./copies.js";
import { farther } from "./farther.js";
import { heaviest, Neighbours } from "./neighbours.js";

/** The service that is looked for; what is left out is whatever the frames have. */
export interface Wanted {
  readonly vip: string;
  readonly port?: number;
  readonly protocol?: Protocol;
}

export interface InferredServer {
  readonly name: string;
  readonly ip: string;
  readonly mac?: string;
  readonly port?: number;
}

export interface InferredService {
  readonly vip: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly model: Model;
  readonly tunnel?: Pick<Tunnel, "kind">;
  readonly realServers: readonly InferredServer[];
}

/** A setup as its file has it. */
export interface Inferred {
  readonly services: readonly InferredService[];
  readonly director: { readonly interfaces: readonly { readonly ip: string; readonly mac?: string }[] };
  readonly client?: { readonly ip: string };
  /** Files by tap. */
  readonly captures: Readonly<Record<string, readonly string[]>>;
}

export interface Inference {
  readonly setup: Inferred;
  /** In whole sentences. */
  readonly assumed: readonly string[];
}

/** Addresses that stand for those which no frame tells (RFC 5737, RFC 3849). */
const PLACEHOLDERS = { 4: ["192.0.2.", "198.51.100."], 6: ["2001:db8:0:1::", "2001:db8:0:2::"] } as const;

/** Finds the setup behind captures; a sentence that says what is missing where they do not tell. */
export function inferSetup(wanted: Wanted, captures: readonly Capture[]): Inference | string {
  return new Inferring(wanted, captures).result();
}

/** A file, and the host that it was taken on; undefined where it is none of those that are known. */
interface File {
  readonly file: string;
  readonly own: readonly Capture[];
  tap: string | undefined;
}

function framesOf({ frames }: Capture): readonly CapturedFrame[] {
  return frames;
}

class Inferring {
  readonly #wanted: Wanted;
  readonly #captures: readonly Capture[];
  readonly #copies: Copies;
  readonly #neighbours: Neighbours;
  readonly #assumed: string[] = [];
  readonly #servers = new Map<string, InferredServer>();

  constructor(wanted: Wanted, captures: readonly Capture[]) {
    this.#wanted = wanted;
    this.#captures = captures;
    this.#copies = new Copies(wanted, captures);
    this.#neighbours = new Neighbours(captures);
  }

  result(): Inference | string {
    const { vip } = this.#wanted;
    const name = this.#wanted.port === undefined ? vip : endpoint(vip, this.#wanted.port);
    const { forwarded } = this.#copies;
    if (forwarded.length === 0)
      return this.#copies.seen === 0
        ? `None of the frames is for ${name}.`
        : `${this.#copies.seen} frames are for ${name}, but none of them shows before and behind a director: add a capture of the director, or write a setup.`;
    const byService = groupBy(forwarded, ({ protocol, port }) => `${port} ${protocol}`);
    const services = [...byService.values()].map((own) => this.#service(own));
    const director = this.#director();
    this.#say(services);
    const captures = this.#taps();
    const client = captures.client === undefined ? undefined : heaviest(counted(forwarded.map(({ client }) => client)));
    const setup = { services, director, ...(client === undefined ? {} : { client: { ip: client } }), captures };
    return { setup, assumed: this.#assumed };
  }

  #service(copies: readonly Copy[]): InferredService {
    const [{ port, protocol }] = copies as readonly [Copy];
    const { vip } = this.#wanted;
    const model = heaviest(counted(copies.map((copy) => copy.model))) as Model;
    const own = copies.filter((copy) => copy.model === model);
    const kind = heaviest(counted(own.flatMap((copy) => copy.tunnel ?? []))) as Tunnel["kind"] | undefined;
    const keys = [...new Set(own.map((copy) => copy.server))].sort();
    const realServers = keys.map((key) => {
      const rport = own.find((copy) => copy.server === key)?.serverPort;
      const server = this.#server(key, model);
      return rport === undefined || rport === port || model !== "nat" ? server : { ...server, port: rport };
    });
    const tunnel = kind === undefined || kind === "ipip" ? {} : { tunnel: { kind } };
    return { vip, port, protocol, model, ...tunnel, realServers };
  }

  /** @param key of DR the MAC, of the others the address */
  #server(key: string, model: Model): InferredServer {
    const known = this.#servers.get(key);
    if (known !== undefined) return known;
    const name = `rs${this.#servers.size + 1}`;
    const ip = model === "dr" ? this.#addressOf(key, name, this.#servers.size + 1) : key;
    const server = model === "dr" ? { name, ip, mac: key } : { name, ip };
    this.#servers.set(key, server);
    return server;
  }

  #director(): Inferred["director"] {
    const outer = heaviest(counted(this.#copies.forwarded.flatMap(({ outerSource }) => outerSource ?? [])));
    const macs = this.#copies.directorMacs();
    const interfaces = macs.map((mac, index) => {
      const isServers = index === macs.length - 1;
      const own = this.#told(mac) ?? (isServers ? (outer ?? this.#besideServers()) : undefined);
      return { ip: own ?? this.#placeholder("the director", mac, index, 254), mac };
    });
    if (interfaces.length > 0) return { interfaces };
    return { interfaces: [{ ip: outer ?? this.#placeholder("the director", "", 0, 254) }] };
  }

  /** An address that nobody has, on the segment of a real server that the director sends to without a router. */
  #besideServers(): string | undefined {
    const next = [...this.#servers.values()].find(({ ip, mac }) => mac === undefined && !isIp6(ip) && this.#isNext(ip));
    if (next === undefined) return undefined;
    const network = next.ip.slice(0, next.ip.lastIndexOf(".") + 1);
    const free = Array.from({ length: 254 }, (_, index) => `${network}${254 - index}`);
    const ip = free.find((candidate) => !this.#neighbours.isKnown(candidate));
    if (ip !== undefined)
      this.#assumed.push(`No frame tells the director's address towards ${next.name}: ${ip} stands in its place.`);
    return ip;
  }

  /** Whether a real server's own capture shows that frames for it have its MAC. */
  #isNext(ip: string): boolean {
    // What is sent to its MAC for a server that never answers shows no router, but a neighbour entry that is stale.
    const silent = [...this.#servers.values()].filter((server) => !this.#copies.hasAnswered(server.ip));
    return this.#neighbours.seen(ip, new Set([this.#wanted.vip, ...silent.map((server) => server.ip)])) !== undefined;
  }

  /** An address that was told for a MAC, other than the VIP. */
  #told(mac: string): string | undefined {
    return this.#neighbours
      .addressesOf(mac)
      .find((ip) => ip !== this.#wanted.vip && isIp6(ip) === isIp6(this.#wanted.vip));
  }

  #addressOf(mac: string, name: string, index: number): string {
    return this.#told(mac) ?? this.#placeholder(name, mac, 0, index);
  }

  #placeholder(name: string, mac: string, network: number, host: number): string {
    const nets = PLACEHOLDERS[isIp6(this.#wanted.vip) ? 6 : 4];
    const ip = `${nets[network] ?? nets[0]}${host}`;
    const whose = mac === "" ? name : `${name} (${mac})`;
    this.#assumed.push(`No frame tells the address of ${whose}: ${ip} stands in its place.`);
    return ip;
  }

  #say(services: readonly InferredService[]): void {
    for (const { vip, port, protocol, model, realServers } of services) {
      const names = realServers.map(({ name, ip, mac }) => `${name} ${mac ?? ip}`).join(", ");
      this.#assumed.unshift(
        `${endpoint(vip, port)}/${protocol} is forwarded as ${model.toUpperCase()} to ${names}: nobody else got its packets.`,
      );
    }
  }

  /** Where the director and a server talk to each other alone, both their captures look like the server's. */
  #tellApart(files: readonly File[], { name, ip }: InferredServer): void {
    const alike = files.filter(({ tap, own }) => tap === name && this.#copies.mayBeDirectors(own));
    for (const file of alike) {
      const isFarther = (other: File) => farther(file.own.flatMap(framesOf), other.own.flatMap(framesOf), ip) > 0;
      if (alike.some((other) => other !== file && isFarther(other))) file.tap = "director";
    }
  }

  /** The host of each capture, by what is in it. */
  #taps(): Record<string, string[]> {
    const taps: Record<string, string[]> = {};
    const files = [...groupBy(this.#captures, ({ file }) => file)].map(([file, own]) => {
      return { file, own, tap: this.#copies.hostOf(own, this.#servers) };
    });
    for (const server of this.#servers.values()) this.#tellApart(files, server);
    for (const { file, tap } of files) {
      if (tap === undefined) this.#assumed.push(`${file} is of none of these hosts, and is left out.`);
      else taps[tap] = [...(taps[tap] ?? []), file];
    }
    return taps;
  }
}

function counted(values: readonly string[]): Map<string, number> {
  return new Map([...groupBy(values, (value) => value)].map(([value, same]) => [value, same.length]));
}

/** Whether a packet is for the service that is wanted, as a client sends it. */
export function isFor({ vip, port, protocol }: Wanted, packet: Packet): boolean {
  const ports = portsOf(packet);
  if (packet.ip?.dst !== vip || ports === undefined) return false;
  return (port === undefined || ports.dst === port) && (protocol === undefined || protocolOf(packet) === protocol);
}

/** What identifies a client's packet wherever it is seen. */
export function requestKey(packet: Packet): string | undefined {
  const found = contentOf(packet);
  return found && `${found.src} ${found.content}`;
}

/** A client's packets before and behind the director. */

import { core, insideTunnel, portsOf, protocolOf } from "../datagram.js";
import { groupBy } from "../group.js";
import type { Model, Protocol, Tunnel } from "../setup.js";
import { type Capture, type CapturedFrame, isUnicast } from "./capture.js";
import { type InferredServer, isFor, requestKey, type Wanted } from "./infer.js";
import { heaviest } from "./neighbours.js";
import { receiversOf } from "./receivers.js";

/** One packet as it left the director. */
export interface Copy {
  readonly model: Model;
  readonly client: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Of DR the real server's MAC, of the others its address. */
  readonly server: string;
  readonly serverPort?: number;
  readonly tunnel?: Tunnel["kind"];
  readonly outerSource?: string;
  /** The director's MACs: that which the packet came to, and that which it left with. */
  readonly cameTo?: string;
  readonly leftWith?: string;
  /** The MAC that it was sent to. */
  readonly sentTo?: string;
}

/** The share of a capture's frames that must have a MAC in them for it to be the recording NIC's. */
const NEARLY_ALL = 0.9;

interface Seen {
  readonly frame: CapturedFrame;
  /** The MAC that it is for. */
  readonly to: string | undefined;
}

export class Copies {
  readonly forwarded: readonly Copy[];
  /** Frames for the service as a client sends them. */
  readonly seen: number;
  readonly #wanted: Wanted;
  readonly #answering: ReadonlySet<string>;
  readonly #receivers: ReadonlyMap<Capture, (frame: CapturedFrame) => string | undefined>;
  /** By a server's address the MAC that it answers with. */
  readonly #answerers = new Map<string, string>();
  /** MACs by which the director is known to send requests on. */
  #senders: ReadonlySet<string> = new Set();

  constructor(wanted: Wanted, captures: readonly Capture[]) {
    this.#wanted = wanted;
    this.#receivers = new Map(captures.map((capture) => [capture, receiversOf(capture)]));
    const all = captures.flatMap((capture) => this.#seenIn(capture));
    this.seen = all.filter(({ frame: { packet } }) => isFor(wanted, packet)).length;
    this.#answering = new Set(
      all.flatMap(({ frame: { packet } }) => (isAnswer(wanted, packet) ? (packet.linkSrc ?? []) : [])),
    );
    const groups = [...groupBy(all, ({ frame: { packet } }) => requestKey(packet)).values()];
    const certain = groups.flatMap((group) => this.#copyOf(group) ?? []).filter((copy) => this.#isCertain(copy));
    this.#senders = new Set(certain.flatMap(({ leftWith }) => leftWith ?? []));
    const copies = groups.flatMap((group) => this.#copyOf(group) ?? []);
    this.forwarded = certain.length === 0 ? copies : this.#withoutRouters(copies, certain);
    const servers = new Set(this.forwarded.map(({ server }) => server));
    for (const { packet } of all.map(({ frame }) => frame))
      if (servers.has(packet.ip?.src ?? "") && isUnicast(packet.linkSrc))
        this.#answerers.set(packet.ip?.src ?? "", packet.linkSrc);
  }

  #seenIn(capture: Capture): Seen[] {
    const receiver = this.#receivers.get(capture);
    return capture.frames.map((frame) => ({ frame, to: receiver?.(frame) }));
  }

  /** What a router sent to the director, which kept it or changed it, looks as if the director were a real server. */
  #withoutRouters(copies: readonly Copy[], certain: readonly Copy[]): Copy[] {
    const changing = certain.filter(({ model }) => model !== "dr");
    const directors = new Set(changing.flatMap(({ cameTo, leftWith }) => [cameTo ?? "", leftWith ?? ""]));
    return copies.filter(({ model, server, leftWith = "" }) => {
      return this.#senders.has(leftWith) && (model !== "dr" || !directors.has(server));
    });
  }

  /** Whether it left for who answers, or changed as a router changes nothing. */
  #isCertain({ model, server }: Copy): boolean {
    return model !== "dr" || this.#answering.has(server);
  }

  /** The director's MACs, that which requests come to first. */
  directorMacs(): string[] {
    const most = (macs: readonly string[]) =>
      heaviest(new Map([...groupBy(macs, (mac) => mac)].map(([mac, same]) => [mac, same.length])));
    const cameTo = most(this.forwarded.flatMap((copy) => copy.cameTo ?? []));
    const leftWith = most(this.forwarded.flatMap((copy) => copy.leftWith ?? []));
    return [...new Set([cameTo, leftWith])].filter((mac) => mac !== undefined);
  }

  hasAnswered(server: string): boolean {
    return this.#answerers.has(server);
  }

  /** Whether a MAC of the director is in nearly all frames: it is as well where a server talks to nobody else. */
  mayBeDirectors(captures: readonly Capture[]): boolean {
    const macs = captures.flatMap((capture) => this.#seenIn(capture)).filter(hasMacs);
    return this.directorMacs().some((mac) => isNearlyAlways(macs, mac));
  }

  /** The name of the host that recorded a file; undefined where it is none of those that are known. */
  hostOf(captures: readonly Capture[], servers: ReadonlyMap<string, InferredServer>): string | undefined {
    const frames = captures.flatMap((capture) => this.#seenIn(capture));
    const macs = frames.filter(hasMacs);
    const plain = frames.filter(({ frame: { packet } }) => isFor(this.#wanted, packet));
    const isIn = (mac: string | undefined) => isNearlyAlways(macs, mac);
    const isDirectors = this.mayBeDirectors(captures);
    const known = [...servers].map(([key, server]) => ({ server, mac: server.mac ?? this.#macOf(key) }));
    const { server, mac } = known.find((candidate) => isIn(candidate.mac)) ?? {};
    // Of two that talk to each other alone: a real server gets no packets that are another one's to forward.
    const isServers = plain.every(({ frame: { packet }, to }) => to === mac || packet.linkSrc === mac);
    if (server !== undefined && (!isDirectors || isServers)) return server.name;
    if (isDirectors) return "director";
    const routed = [...servers.values()].find(
      ({ ip }) => plain.length === 0 && frames.some(({ frame: { packet } }) => packet.ip?.dst === ip),
    );
    return routed?.name ?? (plain.length > 0 ? "client" : undefined);
  }

  /** The MAC that a server answers with; else that to which the director sends its packets, if nobody else has it. */
  #macOf(server: string): string | undefined {
    const own = this.#answerers.get(server);
    if (own !== undefined) return own;
    const taken = new Set(this.#answerers.values());
    const sentTo = this.forwarded.find((copy) => copy.server === server && copy.sentTo !== undefined)?.sentTo;
    return sentTo !== undefined && taken.has(sentTo) ? undefined : sentTo;
  }

  /** A packet that is seen as a client sends it, and as the director sends it on. */
  #copyOf(group: readonly Seen[]): Copy | undefined {
    const plain = group.filter(({ frame: { packet } }) => isFor(this.#wanted, packet));
    const [first] = plain;
    if (first === undefined) return undefined;
    const { packet } = first.frame;
    const [ports, protocol] = [portsOf(packet), protocolOf(packet)];
    if (ports === undefined || protocol === undefined) return undefined;
    const common = { client: packet.ip?.src ?? "", port: ports.dst, protocol };
    const before = lowest(plain);
    const cameTo = isUnicast(before?.to) ? { cameTo: before.to } : {};
    const changed = group.find(({ frame }) => !plain.some((other) => other.frame === frame));
    if (changed !== undefined) return { ...common, ...cameTo, ...changedCopy(changed) };
    return this.#routedCopy(plain, common);
  }

  /** Only the MACs changed: the last of those who passed the packet on is the director. */
  #routedCopy(plain: readonly Seen[], common: Pick<Copy, "client" | "port" | "protocol">): Copy | undefined {
    // A real server without the VIP may send it round in circles: what counts is where the director sent it first.
    const sent = plain.filter(({ frame }) => this.#senders.has(frame.packet.linkSrc ?? ""));
    const last = highest(sent) ?? lowest(plain);
    if (last === undefined) return undefined;
    const { packet } = last.frame;
    const ttl = packet.ip?.ttl ?? 0;
    const before = plain.find(
      ({ frame, to }) => frame.packet.ip?.ttl === ttl + 1 && to !== undefined && to !== last.to,
    );
    const isPassedOn = plain.some(({ frame }) => (frame.packet.ip?.ttl ?? 0) > ttl);
    if (!isPassedOn || !isUnicast(last.to) || !isUnicast(packet.linkSrc)) return undefined;
    const came = before?.to;
    const cameTo = isUnicast(came) ? { cameTo: came } : {};
    return { ...common, ...cameTo, model: "dr", server: last.to, leftWith: packet.linkSrc };
  }
}

function hasMacs({ frame: { packet }, to }: Seen): boolean {
  return isUnicast(packet.linkSrc) && isUnicast(to);
}

function isNearlyAlways(seen: readonly Seen[], mac: string | undefined): boolean {
  const own = seen.filter(({ frame: { packet }, to }) => packet.linkSrc === mac || to === mac).length;
  return mac !== undefined && seen.length > 0 && own >= seen.length * NEARLY_ALL;
}

/** Whether a packet is from the service, and no mere refusal, which the director may have sent itself. */
function isAnswer({ vip }: Wanted, { ip, tcp, icmp }: CapturedFrame["packet"]): boolean {
  return ip?.src === vip && icmp === undefined && tcp?.flagsText.includes("R") !== true;
}

function lowest(seen: readonly Seen[]): Seen | undefined {
  return seen.toSorted((left, right) => ttlOf(left) - ttlOf(right) || lacksReceiver(left) - lacksReceiver(right))[0];
}

function highest(seen: readonly Seen[]): Seen | undefined {
  return seen.toSorted((left, right) => ttlOf(right) - ttlOf(left) || lacksReceiver(left) - lacksReceiver(right))[0];
}

/** Of one and the same frame that which says more comes first: a cooked capture of its sender does not say whom it is for. */
function lacksReceiver({ to }: Seen): 0 | 1 {
  return isUnicast(to) ? 0 : 1;
}

function ttlOf({ frame }: Seen): number {
  return frame.packet.ip?.ttl ?? 0;
}

/** In a tunnel, or for another address. */
function changedCopy({ frame: { packet: outer }, to }: Seen): Pick<Copy, "model" | "server"> & Partial<Copy> {
  const packet = core(outer);
  const leftWith = {
    ...(isUnicast(outer.linkSrc) ? { leftWith: outer.linkSrc } : {}),
    ...(isUnicast(to) ? { sentTo: to } : {}),
  };
  if (insideTunnel(outer)) {
    const tunnel = outer.gre ? "gre" : outer.gue ? "gue" : "ipip";
    const { src = "", dst = "" } = outer.ip ?? {};
    return { model: "tun", server: dst, tunnel, outerSource: src, ...leftWith };
  }
  const ports = portsOf(packet);
  const common = { model: "nat", server: packet.ip?.dst ?? "", ...leftWith } as const;
  return ports === undefined ? common : { ...common, serverPort: ports.dst };
}

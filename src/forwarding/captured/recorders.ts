/** Whose NIC recorded a capture: one MAC is in every frame that a NIC sends or takes in. */

import { isVirtualRouter } from "../../packet/ethernet.js";
import { addressesOf, type Host, hasAddress, isOnLink, type Nic, type Setup, tapName } from "../setup.js";
import { type Capture, directionOf, isUnicast } from "./capture.js";
import { heaviest, type Neighbours } from "./neighbours.js";

/** The NIC that a capture was taken at. */
export interface Recorder {
  readonly capture: Capture;
  readonly host: Host;
  readonly nic: Nic;
  /** Its MAC, as the frames tell; left out where they do not. */
  readonly mac?: string;
}

/** The share of a capture's frames that must have a MAC in them for it to be the recording NIC's. */
const NEARLY_ALL = 0.9;

/** Finds the NIC of each capture whose tap is in the setup. */
export function recordersOf(setup: Setup, captures: readonly Capture[], neighbours: Neighbours): Recorder[] {
  const vips = new Set(setup.services.map(({ vip }) => vip));
  const servers = new Set(setup.services.flatMap(({ realServers }) => realServers.map(({ ip }) => ip)));
  const drafts = captures.flatMap((capture) => {
    const host = hostOf(setup, capture);
    return host === undefined ? [] : [{ capture, host, macs: candidates(capture, host, vips, servers) }];
  });
  eliminate(drafts);
  const taken = new Map<Host, Map<string, Nic>>();
  return drafts.map(({ capture, host, macs }) => {
    const mac = macs.length === 1 ? macs[0] : undefined;
    const known = taken.get(host) ?? new Map<string, Nic>();
    taken.set(host, known);
    const nic =
      (mac === undefined ? undefined : known.get(mac)) ?? nicOf(host, capture, mac, [...known.values()], neighbours);
    if (mac !== undefined) known.set(mac, nic);
    return mac === undefined ? { capture, host, nic } : { capture, host, nic, mac };
  });
}

function hostOf({ hosts }: Setup, { tap }: Capture): Host | undefined {
  return hosts.find((host) => host.name === tap || host.nics.some((nic) => tapName(host, nic) === tap));
}

/** The MACs that may be the recording NIC's; one where the host's own addresses tell which. */
function candidates(
  { frames }: Capture,
  host: Host,
  vips: ReadonlySet<string>,
  servers: ReadonlySet<string>,
): string[] {
  const own = new Set(host.nics.flatMap(addressesOf).map(({ ip }) => ip));
  const isSender = (ip: string | undefined) =>
    ip !== undefined && (own.has(ip) || (host.role === "real-server" && vips.has(ip)));
  const isDirector = host.role === "director";
  // Then what is for a VIP and another MAC has left the director already.
  const isVirtual =
    isDirector && frames.some(({ packet }) => isVirtualRouter(packet.linkDst) && vips.has(packet.ip?.dst ?? ""));
  const holdsVip = (isDirector && !isVirtual) || host.role === "real-server";
  const isReceiver = (ip: string | undefined) => ip !== undefined && (own.has(ip) || (holdsVip && vips.has(ip)));
  // What is for a real server the director sends on, and what is from one the director gets.
  const isServers = (ip: string | undefined) => isDirector && ip !== undefined && servers.has(ip);
  const counts = new Map<string, number>();
  const telling = new Map<string, number>();
  let all = 0;
  for (const frame of frames) {
    const { packet } = frame;
    const direction = directionOf(frame);
    const { linkSrc, linkDst, ip, arp } = packet;
    if (!isUnicast(linkSrc) || (isDirector && [linkSrc, linkDst].some(isVirtualRouter))) continue;
    if (
      direction === "out" ||
      (direction === undefined &&
        (isSender(ip?.src ?? arp?.senderIp) || isServers(ip?.dst) || (isVirtual && vips.has(ip?.dst ?? ""))))
    )
      add(telling, linkSrc);
    if (!isUnicast(linkDst)) continue;
    if (direction === undefined && (isReceiver(ip?.dst) || isServers(ip?.src))) add(telling, linkDst);
    all++;
    add(counts, linkSrc);
    if (linkDst !== linkSrc) add(counts, linkDst);
  }
  const common = [...counts].filter(([, count]) => count >= all * NEARLY_ALL).map(([mac]) => mac);
  const told = heaviest(telling);
  if (common.length === 1) return common;
  if (told !== undefined && (common.length === 0 || common.includes(told))) return [told];
  return common;
}

function add(counts: Map<string, number>, mac: string): void {
  counts.set(mac, (counts.get(mac) ?? 0) + 1);
}

/** What is known to be another host's MAC is not this one's. */
function eliminate(drafts: readonly { readonly host: Host; macs: string[] }[]): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const draft of drafts) {
      if (draft.macs.length < 2) continue;
      const others = drafts
        .filter(({ host, macs }) => host !== draft.host && macs.length === 1)
        .flatMap(({ macs }) => macs);
      const left = draft.macs.filter((mac) => !others.includes(mac));
      if (left.length === 0 || left.length === draft.macs.length) continue;
      draft.macs = left;
      changed = true;
    }
  }
}

/** The NIC by the tap's name, by its MAC, or by whom it talks to on its own segment. */
function nicOf(
  host: Host,
  capture: Capture,
  mac: string | undefined,
  taken: readonly Nic[],
  neighbours: Neighbours,
): Nic {
  const given = host.nics.find((nic) => host.nics.length > 1 && tapName(host, nic) === capture.tap);
  if (given !== undefined || host.nics.length === 1) return given ?? (host.nics[0] as Nic);
  const byMac = host.nics.find(
    (nic) => mac !== undefined && (nic.mac === mac || addressesOf(nic).some(({ ip }) => neighbours.told(ip) === mac)),
  );
  if (byMac !== undefined) return byMac;
  const free = host.nics.filter((nic) => !taken.includes(nic));
  const open = free.length > 0 ? free : host.nics;
  const scores = open.map((nic) => ({ nic, score: neighboursOn(nic, capture, mac) }));
  return scores.reduce((best, next) => (next.score > best.score ? next : best)).nic;
}

/** How many frames came from, or went to, an address on the NIC's own segment. */
function neighboursOn(nic: Nic, { frames }: Capture, mac: string | undefined): number {
  return frames.filter((frame) => {
    const { linkSrc, ip, arp } = frame.packet;
    const isOut = directionOf(frame) === "out" || (mac !== undefined && linkSrc === mac);
    const peer = isOut ? (ip?.dst ?? arp?.targetIp) : (ip?.src ?? arp?.senderIp);
    return peer !== undefined && (isOnLink(nic, peer) || hasAddress(nic, isOut ? (ip?.src ?? "") : (ip?.dst ?? "")));
  }).length;
}

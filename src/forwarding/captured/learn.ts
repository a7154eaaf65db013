/** Fills in what a setup beside captures does not say: the MACs of the NICs. */

import { isVirtualRouter } from "../../packet/ethernet.js";
import type { Packet } from "../../packet/packet.js";
import { addressesOf, type Host, hasAddress, isOnLink, type Nic, type Setup, shareSegment, tapName } from "../setup.js";
import { type Capture, isUnicast } from "./capture.js";
import { requestKey } from "./infer.js";
import { heaviest, Neighbours } from "./neighbours.js";
import { type Recorder, recordersOf } from "./recorders.js";

/** A setup with the MACs that captures taught. */
export interface Learnt {
  readonly setup: Setup;
  /** The tap of each capture whose host is in the setup. */
  readonly taps: ReadonlyMap<Capture, string>;
  /** Where the captures say otherwise than the setup, in whole sentences. */
  readonly contradictions: readonly string[];
}

/** What one capture tells: beyond its segment a router's MAC stands for all hosts. */
interface Witness {
  readonly nic: Nic;
  readonly neighbours: Neighbours;
}

/** What the captures say of each NIC's MAC, by what is the stronger witness: the NIC's own capture, ARP, other frames. */
export function learnMacs(setup: Setup, captures: readonly Capture[]): Learnt {
  const neighbours = new Neighbours(captures);
  const recorders = recordersOf(setup, captures, neighbours);
  const witnesses = recorders.map(({ capture, nic }) => ({ nic, neighbours: new Neighbours([capture]) }));
  const vips = setup.services.map(({ vip }) => vip);
  const senders = senderMacsOf(setup, recorders);
  const virtual = virtualMacsOf(setup, recorders);
  const recorded = new Set(recorders.flatMap(({ mac }) => mac ?? []));
  const contradictions: string[] = [];
  const hosts = setup.hosts.map((host) => {
    const own = new Set([...host.nics.flatMap(addressesOf).map(({ ip }) => ip), ...vips]);
    const nics = host.nics.map((nic) => {
      const known = macOf(host, nic, own, recorders, neighbours, witnesses, recorded);
      const sender = heaviest(senders.get(nic)) ?? "";
      const mac = known ?? (nic.mac !== "" || recorded.has(sender) ? nic.mac : sender);
      if (nic.mac !== "" && mac !== nic.mac)
        contradictions.push(
          `The setup gives ${tapName(host, nic)} the MAC ${nic.mac}, but in the captures it has ${mac}.`,
        );
      const virtualMacs = virtual.get(nic);
      return virtualMacs === undefined ? { ...nic, mac } : { ...nic, mac, virtualMacs: [...virtualMacs] };
    });
    return { ...host, nics };
  });
  const taps = new Map(recorders.map(({ capture, host, nic }) => [capture, tapName(host, nic)]));
  return { setup: { ...setup, hosts }, taps, contradictions };
}

/** The MACs of virtual routers by the NIC of the director that has them: frames for a VIP have them, or the director's own. */
function virtualMacsOf({ hosts, services }: Setup, recorders: readonly Recorder[]): Map<Nic, Set<string>> {
  const directors = hosts.filter(({ role }) => role === "director");
  const own = new Set(directors.flatMap(({ nics }) => nics.flatMap(addressesOf)).map(({ ip }) => ip));
  for (const { vip } of services) own.add(vip);
  const found = new Map<Nic, Set<string>>();
  for (const { capture, host, nic } of recorders) {
    const near =
      host.role === "director" ? [nic] : directors.flatMap(({ nics }) => nics.filter((one) => shareSegment(one, nic)));
    for (const { packet } of capture.frames) {
      const { linkSrc, linkDst, arp, ip } = packet;
      for (const [mac, address] of [
        [linkSrc, arp?.senderIp ?? ip?.src],
        [linkDst, arp?.targetIp ?? ip?.dst],
      ])
        if (isVirtualRouter(mac) && own.has(address ?? ""))
          for (const one of near) found.set(one, (found.get(one) ?? new Set()).add(mac));
    }
  }
  return found;
}

/** Of tunnels that no router was on the way of: the packet's own TTL, or what Linux and others begin with. */
const FIRST_TTLS: readonly (number | undefined)[] = [64, 128, 255];

/** The MACs of a director's NICs by what came to real servers on their segment as nobody but a director sends it. */
function senderMacsOf({ hosts, services }: Setup, recorders: readonly Recorder[]): Map<Nic, Map<string, number>> {
  const directors = hosts.filter(({ role }) => role === "director").flatMap(({ nics }) => nics);
  const vips = new Set(services.map(({ vip }) => vip));
  const asked = new Set(
    recorders
      .filter(({ host }) => host.role !== "real-server")
      .flatMap(({ capture }) =>
        capture.frames.flatMap(({ packet }) => (isTo(packet, vips) ? (requestKey(packet) ?? []) : [])),
      ),
  );
  const found = new Map<Nic, Map<string, number>>();
  for (const { capture, host, nic } of recorders) {
    const [own, other] = directors.filter((candidate) => shareSegment(candidate, nic));
    if (host.role !== "real-server" || own === undefined || other !== undefined) continue;
    for (const { packet } of capture.frames) {
      const { ip, inner, linkSrc } = packet;
      const isTranslated = hasAddress(nic, ip?.dst ?? "") && asked.has(requestKey(packet) ?? "");
      const isOwnTunnel = inner !== undefined && isTo(inner, vips) && hasAddress(own, ip?.src ?? "");
      const isUnrouted = [inner?.ip?.ttl, ...FIRST_TTLS].includes(ip?.ttl);
      if (!isUnicast(linkSrc) || !(isOwnTunnel ? isUnrouted : isTranslated)) continue;
      const votes = found.get(own) ?? new Map<string, number>();
      found.set(own, votes.set(linkSrc, (votes.get(linkSrc) ?? 0) + 1));
    }
  }
  return found;
}

function isTo({ ip }: Packet, addresses: ReadonlySet<string>): boolean {
  return addresses.has(ip?.dst ?? "");
}

function macOf(
  host: Host,
  nic: Nic,
  own: ReadonlySet<string>,
  recorders: readonly Recorder[],
  neighbours: Neighbours,
  witnesses: readonly Witness[],
  recorded: ReadonlySet<string>,
): string | undefined {
  const byOwnCapture = recorders.find((one) => one.host === host && one.nic === nic && one.mac !== undefined)?.mac;
  if (byOwnCapture !== undefined) return byOwnCapture;
  const told = addressesOf(nic).flatMap(({ ip }) => neighbours.told(ip) ?? [])[0];
  // Who answers in another host's name says nothing about that host.
  if (told !== undefined && !recorded.has(told)) return told;
  // What comes from a client may come by a router: its frames say nothing about the client's own MAC.
  if (nic.mac !== "" || host.role === "client") return undefined;
  const [seen] = addressesOf(nic).flatMap(({ ip }) => {
    return witnesses.flatMap((one) => (isOnLink(one.nic, ip) ? (one.neighbours.seen(ip, own) ?? []) : []));
  });
  return seen !== undefined && !recorded.has(seen) ? seen : undefined;
}

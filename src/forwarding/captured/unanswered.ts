/** Connections that a client's own capture shows to have been asked for in vain. */

import { endpoint } from "../../packet/address.js";
import type { IcmpKind } from "../../packet/icmp-message.js";
import type { Packet } from "../../packet/packet.js";
import { isSyn, portsOf } from "../datagram.js";
import type { Sighting } from "../journey.js";
import { type Service, serviceName } from "../setup.js";
import { startOf } from "../sightings.js";
import type { View } from "../view.js";

/** Nanoseconds within which nobody asks again: what comes so soon is the capture's own copy. */
const SOON = 100_000_000n;
/** Connections named; the others are counted with them. */
const NAMED = 3;

/** What says that nobody could be asked; that a port is closed is an answer of whoever has it. */
const NOBODY_THERE: readonly IcmpKind[] = ["unreachable", "protocol-unreachable", "time-exceeded"];

/**
 * The ends of clients that asked a service for a connection and got no answer: a first packet may have been lost, so they
 * asked again, or were told that nobody can be reached. As their own captures have it; under NAT, where answers pass it as
 * well, also those of the director.
 */
export function unansweredClients({ network, sightings }: View, { vip, port, protocol, model }: Service): string[] {
  if (protocol !== "tcp") return [];
  const isPlace = ({ host, direction }: Sighting, isAsked: boolean) => {
    const role = network.host(host)?.role;
    if (role === "client") return direction === (isAsked ? "out" : "in");
    return role === "director" && model === "nat" && direction === (isAsked ? "in" : "out");
  };
  const heard = new Map<string, bigint>();
  const attempts = new Map<string, Sighting[]>();
  for (const at of sightings) {
    const [{ ip, tcp, icmp }, ports] = [at.packet, portsOf(at.packet)];
    if (ip === undefined) continue;
    if (ip.dst === vip && ports?.dst === port && isSyn(at.packet) && isPlace(at, true)) {
      const key = `${endpoint(ip.src, ports.src)} ${tcp?.seq} ${at.tap}`;
      attempts.set(key, [...(attempts.get(key) ?? []), at]);
    } else if (isPlace(at, false) && !(icmp !== undefined && NOBODY_THERE.includes(icmp.kind)))
      heard.set(receiverOf(at.packet), startOf(at));
  }
  const refused = new Set(
    sightings.flatMap((at) => (isPlace(at, false) && at.packet.icmp ? receiverOf(at.packet) : [])),
  );
  const unanswered = [...attempts].flatMap(([key, [first, ...again]]) => {
    const [client = ""] = key.split(" ");
    const last = heard.get(client);
    if (first === undefined || (last !== undefined && last > startOf(first))) return [];
    return refused.has(client) || again.some((at) => startOf(at) - startOf(first) >= SOON) ? [client] : [];
  });
  return [...new Set(unanswered)];
}

/** Address and port; of an ICMP error those that the packet which it quotes came from. */
function receiverOf(packet: Packet): string {
  const { ip, quoted } = packet;
  const own = quoted === undefined ? portsOf(packet)?.dst : portsOf(quoted)?.src;
  return endpoint(ip?.dst ?? "", own ?? 0);
}

/** The same in a clause, for whoever is to look there next. */
export function askedInVain(service: Service, clients: readonly string[]): string {
  const named = clients.slice(0, NAMED).join(", ");
  const more = clients.length > NAMED ? ` and ${clients.length - NAMED} more` : "";
  return `${serviceName(service)} did not answer ${named}${more}, who asked again, or was told that nobody can be reached`;
}

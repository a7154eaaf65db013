import { addressFor, type Host, type Nic, shareSegment } from "../forwarding/setup.js";
import { ip6FromString, ip6ToString, isIp6, macToString } from "../packet/address.js";
import { NOBODY } from "../packet/arp.js";
import { craft } from "../packet/craft.js";
import { BROADCAST } from "../packet/ethernet.js";
import type { Outgoing } from "./crafting.js";
import type { AskStep } from "./scenario.js";

/** Kept for documentation (RFC 5737, RFC 3849): no lab has them. */
const FOREIGN = { 4: "198.51.100.77", 6: "2001:db8::77" } as const;
const UNSPECIFIED = { 4: NOBODY, 6: "::" } as const;

/** A question for an address, and behind it the canary: one for the asked host's own address. @throws Error */
export function questions(asker: Host, asked: Host, whoHas: string, as: AskStep["as"]): Outgoing {
  const pair = asker.nics
    .flatMap((nic) => asked.nics.map((other) => ({ nic, other })))
    .find(({ nic, other }) => shareSegment(nic, other));
  if (!pair) throw new Error(`${asker.name} and ${asked.name} share no segment`);
  const { nic, other } = pair;
  const family = isIp6(whoHas) ? 6 : 4;
  const own = addressFor(nic, whoHas);
  const canary = addressFor(other, whoHas);
  if (own === undefined || canary === undefined)
    throw new Error(`${asker.name} and ${asked.name} have no IPv${family} addresses to ask from and for`);
  const sender = as === "probe" ? UNSPECIFIED[family] : as === "foreign" ? FOREIGN[family] : own;
  const ask = family === 6 ? solicitation : arpRequest;
  const to = as === "unicast" ? other.mac : undefined;
  return {
    host: asker.name,
    nic: nic.name,
    frames: [ask(nic, whoHas, sender, to), ask(nic, canary, own, other.mac)],
  };
}

/** Who-has (RFC 826), to one MAC or to all. */
function arpRequest(nic: Nic, target: string, sender: string, to = BROADCAST): Uint8Array {
  return craft({
    "eth.dst": to,
    "eth.src": nic.mac,
    "arp.opcode": 1,
    "arp.src.hw_mac": nic.mac,
    "arp.src.proto_ipv4": sender,
    "arp.dst.hw_mac": "00:00:00:00:00:00",
    "arp.dst.proto_ipv4": target,
  });
}

const NEIGHBOUR_SOLICITATION = 135;

/** A neighbour solicitation (RFC 4861 §4.3), to one MAC or to the target's group; from `::` it is a DAD probe (RFC 4862 §5.4.2). */
function solicitation(nic: Nic, target: string, sender: string, to?: string): Uint8Array {
  const group = solicitedNode(target);
  return craft({
    "eth.dst": to ?? groupMac(group),
    "eth.src": nic.mac,
    "ipv6.src": sender,
    // A probe asks the group alone: nobody has the target yet.
    "ipv6.dst": to === undefined || sender === UNSPECIFIED[6] ? group : target,
    "icmpv6.type": NEIGHBOUR_SOLICITATION,
    "icmpv6.code": 0,
    "icmpv6.nd.ns.target_address": target,
    ...(sender === UNSPECIFIED[6] ? {} : { "icmpv6.opt.linkaddr": nic.mac }),
  });
}

/** ff02::1:ff00:0/104 with the last three bytes of the address (RFC 4291 §2.7.1). */
function solicitedNode(ip: string): string {
  const group = ip6FromString("ff02::1:ff00:0");
  group.set(ip6FromString(ip).subarray(13), 13);
  return ip6ToString(group);
}

/** 33:33 and the last four bytes of the group (RFC 2464 §7). */
function groupMac(group: string): string {
  return macToString(Uint8Array.of(0x33, 0x33, ...ip6FromString(group).subarray(12)));
}

import { addressFor, type Host, type Nic, shareSegment } from "../forwarding/setup.js";
import { ip6FromString, ip6ToString, isIp6, macToString } from "../packet/address.js";
import { NOBODY } from "../packet/arp.js";
import { craft } from "../packet/craft.js";
import { whoHas } from "../packet/who-has.js";
import type { Outgoing } from "./crafting.js";
import type { AskStep } from "./scenario.js";

/** Kept for documentation (RFC 5737, RFC 3849): no lab has them. */
const FOREIGN = { 4: "198.51.100.77", 6: "2001:db8::77" } as const;
const UNSPECIFIED = { 4: NOBODY, 6: "::" } as const;

/** A question for an address, and behind it the canary: one for the asked host's own address. @throws Error */
export function questions(asker: Host, asked: Host, wanted: string, as: AskStep["as"]): Outgoing {
  const pair = asker.nics
    .flatMap((nic) => asked.nics.map((other) => ({ nic, other })))
    .find(({ nic, other }) => shareSegment(nic, other));
  if (!pair) throw new Error(`${asker.name} and ${asked.name} share no segment`);
  const { nic, other } = pair;
  const family = isIp6(wanted) ? 6 : 4;
  const own = addressFor(nic, wanted);
  const canary = addressFor(other, wanted);
  if (own === undefined || canary === undefined)
    throw new Error(`${asker.name} and ${asked.name} have no IPv${family} addresses to ask from and for`);
  const sender = as === "probe" ? UNSPECIFIED[family] : as === "foreign" ? FOREIGN[family] : own;
  const ask = (target: string, sender: string, to?: string) =>
    family === 6
      ? solicitation(nic, target, sender, to)
      : whoHas({ senderMac: nic.mac, senderIp: sender, target, ...(to === undefined ? {} : { to }) });
  const to = as === "unicast" ? other.mac : undefined;
  return {
    host: asker.name,
    nic: nic.name,
    frames: [ask(wanted, sender, to), ask(canary, own, other.mac)],
  };
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

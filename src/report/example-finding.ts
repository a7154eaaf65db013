/** Findings for the example and the tests, completed from a piece of the catalogue. */

import type { FindingResult } from "./result.js";

const RULES: Readonly<Record<string, Pick<FindingResult, "title" | "level" | "statement" | "source">>> = {
  "DR-ARP-02": {
    title: "A real server never answers who-has VIP (broadcast)",
    level: "MUST NOT",
    statement: "No ARP reply has the VIP as sender address and a real server's MAC as sender hardware address.",
    source: "ip-sysctl.rst, arp_ignore",
  },
  "DR-ARP-05": {
    title: "The real server still answers for its RIP",
    level: "MUST",
    statement: "A who-has for the RIP is answered by the real server that holds it.",
    source: "RFC 826",
  },
  "DR-ARP-08": {
    title: "The gateway's entry for the VIP is the director's MAC throughout",
    level: "MUST",
    statement: "Every frame from a client to the VIP on the director's segment has the director's MAC as destination.",
    source: "LVS-HOWTO, “The ARP problem”",
  },
  "DR-REQ-07": {
    title: "The director does not see the answers",
    level: "MUST",
    statement: "No frame from VIP:vport to the client is addressed to the director.",
    source: "ip_vs_dr_xmit",
  },
  "GEN-TTL-01": {
    title: "The director is one IP hop: TTL minus one",
    level: "MUST",
    statement: "The client's IP header leaves the director with a TTL one less than it came with.",
    source: "RFC 1812 §5.3.1; decrement_ttl() in ip_vs_xmit.c",
  },
  "NAT-REQ-01": {
    title: "Destination address becomes the RIP",
    level: "MUST",
    statement: "The forwarded request has the RIP of the chosen real server as destination address.",
    source: "RFC 3022 §4.1; ip_vs_nat_xmit",
  },
  "NAT-REQ-03": {
    title: "Port mapping",
    level: "MUST",
    statement: "Where the real server has a port of its own, the forwarded request has that port as destination.",
    source: "tcp_dnat_handler",
  },
  "TUN-ENC-02": {
    title: "The outer source is the director's address",
    level: "MUST",
    statement: "The outer IP header has an address of the director as source, and not the VIP.",
    source: "RFC 2003 §3.1; ip_vs_tunnel_xmit",
  },
  "TUN-MTU-01": {
    title: "A DF packet above the tunnel's MTU is refused with that MTU",
    level: "MUST",
    statement: "A request with DF that is longer than MTU−20 is answered by an ICMP 3/4 that carries MTU−20.",
    source: "RFC 2003 §5.1; RFC 1191",
  },
};

type Found = Partial<FindingResult> & Pick<FindingResult, "status">;

/** A finding as the runner completes it from the catalogue; tests change what they are about. */
export function finding(rule: string, found: Found): FindingResult {
  const known = RULES[rule] ?? { title: rule, level: "MUST", statement: `What ${rule} demands.`, source: "RFC 1812" };
  return { rule, ...known, profile: "core", covered: false, frames: [], count: 1, causes: [], ...found };
}

/** IPv6: the rules that its headers, its ICMP and its neighbour discovery have to themselves. */

import { matrixOutcomes } from "../compare.js";
import { matrixRule, rule } from "../declare.js";
import type { Rule } from "../rule.js";
import { silentToSolicitations } from "./arp-rules.js";
import { errorOutcomes, forModel } from "./shared.js";
import { unknownFromServers, unknownToVip } from "./unknown-errors.js";

const EXTENDED = { profile: "extended" } as const;

export const ipv6Rules: readonly Rule[] = [
  matrixRule({
    ...forModel("nat"),
    ...EXTENDED,
    id: "NAT-V6-01",
    title: "NAT over IPv6 changes addresses, ports, hop limit and checksum, and nothing else",
    statement:
      "A request gets a real server's address and port as its destination, an answer the VIP and the service's port as its source; traffic class, flow label, extension headers and content are unchanged, the checksum is valid.",
    source: "RFC 8200 §3, §8.1; RFC 6437 §2 (flow label); ip_vs_nat_xmit_v6",
    observedAt: "director in → director out, both directions",
    lookedFor: "an IPv6 packet of a NAT service, forwarded by the director",
  }),
  rule({
    ...forModel("nat"),
    ...EXTENDED,
    id: "NAT-V6-02",
    level: "SHOULD",
    title: "ICMPv6 errors are translated, outside and inside, both ways",
    statement:
      "An ICMPv6 error about a packet of a connection is forwarded to the other side: outside and inside it names the addresses and ports that side knows, and its checksum is valid.",
    source: "RFC 4443 §2.3; RFC 5508 REQ-4, REQ-5 by analogy; ip_vs_nat_icmp_v6, handle_response_icmp",
    observedAt: "director in → client in, real servers in",
    lookedFor: "an ICMPv6 error about a packet of a NAT service, at the director",
    *judge(view) {
      yield* matrixOutcomes(view, "NAT-V6-02");
      for (const kind of ["client-error", "server-error"] as const) yield* errorOutcomes(view, "nat", kind, 6);
      yield* unknownToVip(view, "nat", 6);
      yield* unknownFromServers(view, 6);
    },
  }),
  matrixRule({
    ...forModel("dr"),
    ...EXTENDED,
    id: "DR-V6-01",
    title: "DR over IPv6 changes MACs and hop limit, and nothing else",
    statement:
      "A request goes from the director's MAC to the real server's; addresses, traffic class, flow label, extension headers, L4 header with its checksum, and payload are unchanged.",
    source: "RFC 8200 §3; RFC 6437 §2 (flow label); ip_vs_dr_xmit_v6",
    observedAt: "director in → real servers in",
    lookedFor: "an IPv6 request of a DR service, forwarded by the director",
  }),
  rule({
    ...forModel("dr"),
    ...EXTENDED,
    id: "DR-NDP-01",
    level: "MUST NOT",
    title: "A real server answers no neighbour solicitation for the VIP",
    statement:
      "A neighbour solicitation for the VIP, to its group or to the real server's own MAC, from an address or from none (duplicate address detection), is not answered by a real server; its answer to a later one for its own address proves it. Nor does it advertise the VIP unasked.",
    source: "RFC 4861 §7.2.3, §7.2.4, §7.2.6; RFC 4862 §5.4.3; ndisc_recv_ns",
    observedAt: "real servers' NICs",
    lookedFor: "a neighbour solicitation for the VIP at a real server",
    judge: (view) => silentToSolicitations(view, "dr"),
  }),
];

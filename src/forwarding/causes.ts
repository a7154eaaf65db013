import { ARP_OPCODE } from "../packet/arp.js";
import type { Packet } from "../packet/packet.js";
import type { Evidence } from "./evidence.js";
import { type CauseOf, when, where } from "./mending/cause.js";
import * as director from "./mending/director.js";
import * as server from "./mending/real-server.js";
import { looksUnfilled } from "./offload.js";
import { DIRECTOR } from "./outcome.js";
import type { Cause, Finding } from "./rule.js";
import { type Site, siteOf } from "./site.js";

/** What most likely makes the rule of a failed or inconclusive finding fail, most likely first. */
export function causesOf(finding: Finding, evidence: Evidence): readonly Cause[] {
  const site = siteOf(finding, evidence);
  if (site === undefined) return [];
  return ofRule(finding.rule).flatMap((cause) => cause.at(site) ?? []);
}

/** The names of all causes that come into question for a rule. */
export function causeIds(rule: string): readonly string[] {
  return ofRule(rule).map(({ id }) => id);
}

function ofRule(rule: string): readonly CauseOf[] {
  return CAUSES[rule] ?? DEFAULT;
}

const isAnswer = ({ arp }: Packet) => arp?.opcode === ARP_OPCODE.reply && arp.senderIp !== arp.targetIp;
const isQuestion = ({ arp }: Packet) => arp?.opcode === ARP_OPCODE.request && arp.senderIp !== arp.targetIp;
const isTold = ({ arp }: Packet) => arp !== undefined && arp.senderIp === arp.targetIp;

/** The finding is about one of these fields; `ip.` stands for both families. */
const isAbout =
  (...fields: readonly string[]) =>
  ({ finding: { field = "" } }: Site) =>
    fields.includes(field.replace(/^ipv6\./, "ip."));
/** It is about no field: a packet should not be there, or is not. */
const isAboutNone = ({ finding }: Site) => finding.field === undefined;
const isKept = ({ isSentOn }: Site) => !isSentOn;
const isSentOn = ({ isSentOn }: Site) => isSentOn;
const isTooLong = (site: Site) => isSentOn(site) && isAbout("ip.len")(site);
const isAnsweredElsewhere = ({ isAnsweredElsewhere }: Site) => isAnsweredElsewhere;
const isDirectors = ({ finding }: Site) => finding.suspect === DIRECTOR;
const isNetworks = ({ finding }: Site) => finding.suspect === "network";
const isToRouter = ({ isToRouter }: Site) => isToRouter;
const isFromVip = ({ shown, service }: Site) =>
  shown === undefined || (shown.arp?.senderIp ?? shown.ip?.src) === service.vip;
const isVipOnNic = ({ host }: Site) => host?.nics.some(({ name }) => name === host.options.vipDevice) === true;
const holdsNoVip = ({ host }: Site) => host?.options.vipDevice === "none";
const hasShortPrefix = ({ host }: Site) => (host?.options.vipPrefix ?? 32) < 32;

/** A frame for the wrong MAC: by a wrong route where it is a router's. */
const wrongMac: readonly CauseOf[] = [
  when(isAbout("eth.dst"), when(isToRouter, director.wrongRouteToServer)),
  when(isAbout("eth.dst"), director.staleNeighbour),
  director.implementation,
];
const answersForVip: readonly CauseOf[] = [
  when(isVipOnNic, server.vipOnNic),
  when(holdsNoVip, server.proxyArp),
  server.arpIgnore,
  when((site) => !isVipOnNic(site), server.vipOnNic),
];
/** A server that answers others holds the VIP, and lets packets for it in. */
const unanswered = (...notLetIn: readonly CauseOf[]): readonly CauseOf[] => [
  ...notLetIn.map((cause) => when(({ isServing }) => !isServing, cause)),
  server.noListener,
  ...notLetIn.map((cause) => when(({ isServing }) => isServing, cause)),
];
const pastDirector: readonly CauseOf[] = [server.clientOnLink, server.gatewayNotDirector, server.clientPerhapsOnLink];
const wrongTunnel: readonly CauseOf[] = [when(isAbout("ip.proto"), director.wrongModel), director.implementation];
const refusal: readonly CauseOf[] = [when(isAboutNone, director.icmpFiltered), director.implementation];
const asksInVipsName: readonly CauseOf[] = [when(isFromVip, director.vipPrimary), director.implementation];

const DEFAULT: readonly CauseOf[] = [director.implementation];

const CAUSES: Readonly<Record<string, readonly CauseOf[]>> = {
  "GEN-SVC-01": [
    when(isDirectors, when(isKept, director.noService)),
    when(isKept, director.unreachable),
    when(isDirectors, when(isKept, director.filtered)),
    when(isNetworks, director.flooding),
    when(isDirectors, director.implementation),
  ],
  "GEN-SVC-06": [when(isAboutNone, director.sloppy), director.implementation],
  "GEN-FLOW-01": [director.staleConnection, director.implementation],
  "GEN-FLOW-02": [director.staleConnection, director.filtered],
  "GEN-SCH-01": [director.scheduler, director.implementation],
  "GEN-SCH-02": [director.weights, director.scheduler, director.implementation],
  "GEN-SCH-06": [director.hashesPort, director.scheduler, director.implementation],
  "GEN-SCH-07": [director.scheduler, director.implementation],
  "GEN-SCH-08": [director.notPersistent, director.implementation],
  "GEN-SCH-09": [director.notOnePacket, director.implementation],
  "GEN-SCH-10": [director.notMarked, director.implementation],
  "GEN-SCH-11": [director.noReuse, director.implementation],
  "GEN-SCH-12": [director.noLimit, director.implementation],
  "GEN-UNR-01": [director.icmpFiltered, director.implementation],
  "GEN-SCH-03": [
    // A connection that is cut or moved is no matter of templates, which are for new ones.
    when(isAboutNone, when(isSentOn, director.persistent)),
    director.staleConnection,
  ],
  "GEN-L4-01": [director.implementation],
  "NAT-REQ-01": [director.wrongModel, director.implementation],
  "NAT-REQ-02": [director.nat, director.implementation],
  "NAT-REQ-03": [director.noPortMapped, director.implementation],
  "NAT-REQ-04": wrongMac,
  "NAT-V6-01": wrongMac,
  "NAT-V6-02": refusal,
  "NAT-REQ-07": [where(looksUnfilled, director.offload), director.implementation],
  "NAT-REQ-10": [when(isAbout("tcp.options.mss_val"), director.clamping), director.implementation],
  "NAT-RSP-01": [when(isAbout("ip.src"), director.nat), director.implementation],
  "NAT-RSP-02": [when(isAbout("eth.dst"), director.wrongRouteToClient), director.implementation],
  "NAT-RSP-04": pastDirector,
  "NAT-RSP-05": [director.staleConnection, director.implementation],
  "NAT-TOP-01": [server.clientOnLink, server.gatewayNotDirector],
  "NAT-TOP-02": pastDirector,
  "NAT-TOP-04": [
    when(({ isForwarding }) => !isForwarding, director.forwardingOff),
    director.filtered,
    director.rpFilter,
  ],
  "NAT-TOP-05": [director.redirects],
  "NAT-ARP-01": asksInVipsName,
  "NAT-ICMP-01": refusal,
  "NAT-ICMP-02": refusal,
  "NAT-MTU-01": refusal,
  "NAT-FRAG-01": [director.defragmentation, director.implementation],
  "DR-REQ-01": [when(isAbout("ip.dst", "ip.proto"), director.wrongModel), director.implementation],
  "DR-REQ-02": wrongMac,
  "DR-V6-01": [when(isAbout("ip.dst", "ip.proto"), director.wrongModel), ...wrongMac],
  "DR-REQ-04": [
    when(isAbout("tcp.options.mss_val"), director.clamping),
    where(looksUnfilled, director.offload),
    director.implementation,
  ],
  "DR-REQ-05": [director.portMapped, director.implementation],
  "DR-REQ-06": [director.redirects],
  "DR-RSP-01": [server.ownSource, server.noVip],
  "DR-RSP-02": [server.ownSource],
  "DR-RSP-03": [server.wrongGateway],
  "DR-RSP-04": [server.gatewayIsDirector],
  "DR-RSP-05": [director.acceptsLocal, director.implementation],
  "DR-TOP-01": [director.notAdjacent],
  "DR-RS-04": unanswered(server.rpFilter, server.noVip),
  "DR-LOOP-01": [server.balancesAsBackup],
  "DR-RS-01": [
    when(isAnsweredElsewhere, server.rpFilter),
    ...unanswered(
      server.noVip,
      when((site) => !isAnsweredElsewhere(site), server.rpFilter),
    ),
  ],
  "DR-RS-02": [server.noVip, server.forwardingOn],
  "DR-RS-03": [server.vipPrefix, server.arpIgnore],
  "DR-ARP-01": [when(isKept, director.vipNotUp), director.implementation],
  "DR-ARP-02": answersForVip,
  "DR-ARP-03": answersForVip,
  "DR-ARP-04": answersForVip,
  "DR-ARP-05": [when(hasShortPrefix, server.vipPrefix), server.arpOff],
  "DR-ARP-06": [server.arpAnnounce],
  "DR-ARP-07": [server.announced],
  "DR-ARP-08": [server.hijacked],
  "DR-ARP-09": asksInVipsName,
  "DR-NDP-01": [server.vipOnNic],
  "DR-ICMP-01": refusal,
  "DR-MTU-01": refusal,
  "DR-FRAG-01": [director.defragmentation, director.implementation],
  "TUN-ENC-02": asksInVipsName,
  "TUN-ENC-03": wrongTunnel,
  "TUN-ENC-05": [director.implementation, director.routers],
  "TUN-GRE-01": wrongTunnel,
  "TUN-GUE-01": wrongTunnel,
  "TUN-V6-01": [when(isAbout("ip.src"), when(isFromVip, director.vipPrimary)), ...wrongMac],
  "TUN-V6-02": [when(isAbout("ip.src"), when(isFromVip, director.vipPrimary)), ...wrongTunnel],
  "TUN-ENC-07": [director.pmtu],
  "TUN-ENC-10": wrongMac,
  "TUN-ENC-11": [director.portMapped, director.implementation],
  "TUN-MTU-01": [when(isAboutNone, director.icmpFiltered), when(isTooLong, director.pmtu), director.implementation],
  "TUN-MTU-03": [when(isKept, director.pmtuOn), director.implementation],
  "TUN-MTU-04": [when(isKept, director.icmpFiltered), director.implementation],
  "TUN-SEC-01": [server.tunnelFromAnyone],
  "TUN-MTU-05": [director.clamping],
  "TUN-RS-01": [server.noTunnel, server.noVip, server.noListener],
  "TUN-GRE-02": [server.tunnelsDiffer, server.noTunnel, server.noVip],
  "TUN-RS-02": [when(isAbout("ip.proto"), server.replyInTunnel), server.ownSource, server.wrongGateway],
  "TUN-RS-03": [server.gatewayIsDirector],
  "TUN-RS-04": unanswered(server.rpFilter, server.noVip),
  "TUN-RS-05": [
    ...answersForVip.map((cause) => where(isAnswer, cause)),
    where(isQuestion, server.arpAnnounce),
    where(isTold, server.announced),
  ],
  "TUN-RS-06": [server.noVip, server.forwardingOn],
  "TUN-FRAG-01": [director.defragmentation, director.implementation],
  "TUN-ICMP-01": refusal,
  "TUN-SEC-02": [director.tunnelOnDirector, director.implementation],
  "HA-GARP-01": [director.notAnnounced],
  "HA-GARP-02": [director.vipOnBackup, director.endedUncleanly],
};

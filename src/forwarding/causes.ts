import { endpoint } from "../packet/address.js";
import { ARP_OPCODE } from "../packet/arp.js";
import type { Frame } from "../packet/frame.js";
import type { Packet } from "../packet/packet.js";
import { core, portsOf, protocolOf } from "./datagram.js";
import type { Evidence } from "./evidence.js";
import type { CauseOf } from "./mending.js";
import * as is from "./mending.js";
import { Network } from "./network.js";
import { looksUnfilled } from "./offload.js";
import { DIRECTOR } from "./outcome.js";
import type { Cause, Finding } from "./rule.js";
import { type Host, type Service, shareSegment } from "./setup.js";

/** From this many frames on a finding may have left some out (see judge.ts). */
const MOST_FRAMES = 8;

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

function siteOf(finding: Finding, evidence: Evidence): is.Site | undefined {
  const { setup } = evidence;
  const model = /^(GEN|HA)-/.test(finding.rule) ? undefined : finding.rule.split("-")[0]?.toLowerCase();
  const services = setup.services.filter((candidate) => model === undefined || candidate.model === model);
  const service = serviceOf(finding, evidence, services) ?? services[0];
  const frames = framesIn(finding, evidence);
  const shown = finding.status === "fail" && finding.frames.length < MOST_FRAMES ? frames.at(-1)?.packet : undefined;
  const server =
    service?.realServers.find(({ name }) => name === finding.suspect) ??
    service?.realServers.find(({ ip }) => ip === shown?.ip?.dst) ??
    service?.realServers[0];
  if (service === undefined || server === undefined) return undefined;
  const network = new Network(setup);
  const host = network.host(server.name);
  const nic = host?.nics[0];
  const onLink = (role: Host["role"]) =>
    setup.hosts
      .filter((candidate) => candidate.role === role)
      .flatMap(({ nics }) => nics)
      .find((own) => nic !== undefined && shareSegment(own, nic));
  const clients = setup.hosts.filter(({ role }) => role === "client").flatMap(({ nics }) => nics);
  const clientNic = host?.nics.find((own) => clients.some((other) => shareSegment(own, other)));
  const own = onLink("director") ?? network.directors[0]?.nics[0];
  const dip = own?.ip ?? "DIP";
  return {
    finding,
    service,
    server,
    host,
    nic,
    dip,
    directorNic: own?.name ?? "eth0",
    router: onLink("router")?.ip ?? "ROUTER",
    clientsOnLink: clients.length === 0 || nic === undefined ? undefined : clientNic !== undefined,
    clientNic: clientNic ?? nic,
    shown,
    isToRouter: network.byMac(shown?.eth?.dst)?.host.role === "router",
    isSentOn: frames.some((frame) => frame.direction === "out" && network.isDirector(frame.host)),
  };
}

function framesIn({ frames }: Finding, evidence: Evidence): Frame[] {
  return frames.flatMap(({ tap, number }) => {
    return evidence.frames.find((frame) => frame.tap === tap && frame.number === number) ?? [];
  });
}

/** The service that the first of the finding's frames with an endpoint of one is about. */
function serviceOf(finding: Finding, { frames }: Evidence, services: readonly Service[]): Service | undefined {
  for (const { tap, number } of finding.frames) {
    const frame = frames.find((candidate) => candidate.tap === tap && candidate.number === number);
    const packet = frame && core(frame.packet);
    const ports = packet && portsOf(packet);
    if (packet?.ip === undefined || ports === undefined) continue;
    const ends = [endpoint(packet.ip.src, ports.src), endpoint(packet.ip.dst, ports.dst)];
    const protocol = protocolOf(packet);
    const found = services.find(({ vip, port, protocol: own, realServers }) => {
      const addresses = [{ ip: vip, port }, ...realServers].map(({ ip, port }) => endpoint(ip, port));
      return own === protocol && addresses.some((address) => ends.includes(address));
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

const isAnswer = ({ arp }: Packet) => arp?.opcode === ARP_OPCODE.reply && arp.senderIp !== arp.targetIp;
const isQuestion = ({ arp }: Packet) => arp?.opcode === ARP_OPCODE.request && arp.senderIp !== arp.targetIp;
const isTold = ({ arp }: Packet) => arp !== undefined && arp.senderIp === arp.targetIp;

/** The finding is about one of these fields; `ip.` stands for both families. */
const isAbout =
  (...fields: readonly string[]) =>
  ({ finding: { field = "" } }: is.Site) =>
    fields.includes(field.replace(/^ipv6\./, "ip."));
/** It is about no field: a packet should not be there, or is not. */
const isAboutNone = ({ finding }: is.Site) => finding.field === undefined;
const isKept = ({ isSentOn }: is.Site) => !isSentOn;
const isSentOn = ({ isSentOn }: is.Site) => isSentOn;
const isTooLong = (site: is.Site) => isSentOn(site) && isAbout("ip.len")(site);
const isDirectors = ({ finding }: is.Site) => finding.suspect === DIRECTOR;
const isNetworks = ({ finding }: is.Site) => finding.suspect === "network";
const isToRouter = ({ isToRouter }: is.Site) => isToRouter;
const isFromVip = ({ shown, service }: is.Site) =>
  shown === undefined || (shown.arp?.senderIp ?? shown.ip?.src) === service.vip;
const isVipOnNic = ({ host }: is.Site) => host?.nics.some(({ name }) => name === host.options.vipDevice) === true;
const holdsNoVip = ({ host }: is.Site) => host?.options.vipDevice === "none";
const hasShortPrefix = ({ host }: is.Site) => (host?.options.vipPrefix ?? 32) < 32;

/** A frame for the wrong MAC: by a wrong route where it is a router's. */
const wrongMac: readonly CauseOf[] = [
  is.when(isAbout("eth.dst"), is.when(isToRouter, is.wrongRouteToServer)),
  is.when(isAbout("eth.dst"), is.staleNeighbour),
  is.implementation,
];
const answersForVip: readonly CauseOf[] = [
  is.when(isVipOnNic, is.vipOnNic),
  is.when(holdsNoVip, is.proxyArp),
  is.arpIgnore,
  is.when((site) => !isVipOnNic(site), is.vipOnNic),
];
const wrongTunnel: readonly CauseOf[] = [is.when(isAbout("ip.proto"), is.wrongModel), is.implementation];
const refusal: readonly CauseOf[] = [is.when(isAboutNone, is.icmpFiltered), is.implementation];
const asksInVipsName: readonly CauseOf[] = [is.when(isFromVip, is.vipPrimary), is.implementation];

const DEFAULT: readonly CauseOf[] = [is.implementation];

const CAUSES: Readonly<Record<string, readonly CauseOf[]>> = {
  "GEN-SVC-01": [
    is.when(isDirectors, is.when(isKept, is.noService)),
    is.when(isKept, is.unreachable),
    is.when(isDirectors, is.when(isKept, is.filtered)),
    is.when(isNetworks, is.flooding),
    is.when(isDirectors, is.implementation),
  ],
  "GEN-SVC-06": [is.when(isAboutNone, is.sloppy), is.implementation],
  "GEN-FLOW-01": [is.staleConnection, is.implementation],
  "GEN-FLOW-02": [is.staleConnection, is.filtered],
  "GEN-SCH-01": [is.scheduler, is.implementation],
  "GEN-SCH-02": [is.weights, is.scheduler, is.implementation],
  "GEN-SCH-06": [is.hashesPort, is.scheduler, is.implementation],
  "GEN-SCH-07": [is.scheduler, is.implementation],
  "GEN-SCH-08": [is.notPersistent, is.implementation],
  "GEN-SCH-09": [is.notOnePacket, is.implementation],
  "GEN-SCH-10": [is.notMarked, is.implementation],
  "GEN-SCH-11": [is.noReuse, is.implementation],
  "GEN-SCH-12": [is.noLimit, is.implementation],
  "GEN-UNR-01": [is.icmpFiltered, is.implementation],
  "GEN-SCH-03": [
    // A connection that is cut or moved is no matter of templates, which are for new ones.
    is.when(isAboutNone, is.when(isSentOn, is.persistent)),
    is.staleConnection,
  ],
  "GEN-L4-01": [is.implementation],
  "NAT-REQ-01": [is.wrongModel, is.implementation],
  "NAT-REQ-02": [is.nat, is.implementation],
  "NAT-REQ-03": [is.noPortMapped, is.implementation],
  "NAT-REQ-04": wrongMac,
  "NAT-V6-01": wrongMac,
  "NAT-V6-02": refusal,
  "NAT-REQ-07": [is.where(looksUnfilled, is.offload), is.implementation],
  "NAT-REQ-10": [is.when(isAbout("tcp.options.mss_val"), is.clamping), is.implementation],
  "NAT-RSP-01": [is.when(isAbout("ip.src"), is.nat), is.implementation],
  "NAT-RSP-02": [is.when(isAbout("eth.dst"), is.wrongRouteToClient), is.implementation],
  "NAT-RSP-04": [is.clientOnLink, is.gatewayNotDirector, is.clientPerhapsOnLink],
  "NAT-RSP-05": [is.staleConnection, is.implementation],
  "NAT-TOP-01": [is.gatewayNotDirector],
  "NAT-TOP-02": [is.clientOnLink, is.gatewayNotDirector, is.clientPerhapsOnLink],
  "NAT-TOP-04": [is.forwardingOff, is.filtered, is.rpFilter],
  "NAT-TOP-05": [is.redirects],
  "NAT-ARP-01": asksInVipsName,
  "NAT-ICMP-01": refusal,
  "NAT-ICMP-02": refusal,
  "NAT-MTU-01": refusal,
  "NAT-FRAG-01": [is.defragmentation, is.implementation],
  "DR-REQ-01": [is.when(isAbout("ip.dst", "ip.proto"), is.wrongModel), is.implementation],
  "DR-REQ-02": wrongMac,
  "DR-V6-01": [is.when(isAbout("ip.dst", "ip.proto"), is.wrongModel), ...wrongMac],
  "DR-REQ-04": [
    is.when(isAbout("tcp.options.mss_val"), is.clamping),
    is.where(looksUnfilled, is.offload),
    is.implementation,
  ],
  "DR-REQ-05": [is.portMapped, is.implementation],
  "DR-REQ-06": [is.redirects],
  "DR-RSP-01": [is.ownSource, is.noVip],
  "DR-RSP-02": [is.ownSource],
  "DR-RSP-03": [is.wrongGateway],
  "DR-RSP-04": [is.gatewayIsDirector],
  "DR-RSP-05": [is.acceptsLocal, is.implementation],
  "DR-TOP-01": [is.notAdjacent],
  "DR-RS-04": [is.rpFilter, is.noVip, is.noListener],
  "DR-LOOP-01": [is.balancesAsBackup],
  "DR-RS-01": [is.noVip, is.rpFilter, is.noListener],
  "DR-RS-02": [is.noVip, is.forwardingOn],
  "DR-RS-03": [is.vipPrefix, is.arpIgnore],
  "DR-ARP-01": [is.when(isKept, is.vipNotUp), is.implementation],
  "DR-ARP-02": answersForVip,
  "DR-ARP-03": answersForVip,
  "DR-ARP-04": answersForVip,
  "DR-ARP-05": [is.when(hasShortPrefix, is.vipPrefix), is.arpOff],
  "DR-ARP-06": [is.arpAnnounce],
  "DR-ARP-07": [is.announced],
  "DR-ARP-08": [is.hijacked],
  "DR-ARP-09": asksInVipsName,
  "DR-NDP-01": [is.vipOnNic],
  "DR-ICMP-01": refusal,
  "DR-MTU-01": refusal,
  "DR-FRAG-01": [is.defragmentation, is.implementation],
  "TUN-ENC-02": asksInVipsName,
  "TUN-ENC-03": wrongTunnel,
  "TUN-ENC-05": [is.implementation, is.routers],
  "TUN-GRE-01": wrongTunnel,
  "TUN-GUE-01": wrongTunnel,
  "TUN-V6-01": [is.when(isAbout("ip.src"), is.when(isFromVip, is.vipPrimary)), ...wrongMac],
  "TUN-V6-02": [is.when(isAbout("ip.src"), is.when(isFromVip, is.vipPrimary)), ...wrongTunnel],
  "TUN-ENC-07": [is.pmtu],
  "TUN-ENC-10": wrongMac,
  "TUN-ENC-11": [is.portMapped, is.implementation],
  "TUN-MTU-01": [is.when(isAboutNone, is.icmpFiltered), is.when(isTooLong, is.pmtu), is.implementation],
  "TUN-MTU-03": [is.when(isKept, is.pmtuOn), is.implementation],
  "TUN-MTU-04": [is.when(isKept, is.icmpFiltered), is.implementation],
  "TUN-SEC-01": [is.tunnelFromAnyone],
  "TUN-MTU-05": [is.clamping],
  "TUN-RS-01": [is.noTunnel],
  "TUN-GRE-02": [is.tunnelsDiffer, is.noTunnel, is.noVip],
  "TUN-RS-02": [is.when(isAbout("ip.proto"), is.replyInTunnel), is.ownSource, is.wrongGateway],
  "TUN-RS-03": [is.gatewayIsDirector],
  "TUN-RS-04": [is.rpFilter, is.noVip, is.noListener],
  "TUN-RS-05": [
    ...answersForVip.map((cause) => is.where(isAnswer, cause)),
    is.where(isQuestion, is.arpAnnounce),
    is.where(isTold, is.announced),
  ],
  "TUN-RS-06": [is.noVip, is.forwardingOn],
  "TUN-FRAG-01": [is.defragmentation, is.implementation],
  "TUN-ICMP-01": refusal,
  "TUN-SEC-02": [is.tunnelOnDirector, is.implementation],
  "HA-GARP-01": [is.notAnnounced],
  "HA-GARP-02": [is.vipOnBackup, is.endedUncleanly],
};

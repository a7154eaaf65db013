import { endpoint } from "../packet/address.js";
import { ARP_OPCODE } from "../packet/arp.js";
import type { Packet } from "../packet/packet.js";
import { core, portsOf, protocolOf } from "./datagram.js";
import type { Evidence } from "./evidence.js";
import * as is from "./mending.js";
import { Network } from "./network.js";
import type { Cause, Finding } from "./rule.js";
import { type Host, type Service, shareSegment } from "./setup.js";

/** From this many frames on a finding may have left some out (see judge.ts). */
const MOST_FRAMES = 8;

/** What most likely makes the rule of a failed or inconclusive finding fail, most likely first. */
export function causesOf(finding: Finding, evidence: Evidence): readonly Cause[] {
  const site = siteOf(finding, evidence);
  if (site === undefined) return [];
  return (CAUSES[finding.rule] ?? DEFAULT).flatMap((cause) => cause(site) ?? []);
}

function siteOf(finding: Finding, evidence: Evidence): is.Site | undefined {
  const { setup } = evidence;
  const model = finding.rule.startsWith("GEN") ? undefined : finding.rule.split("-")[0]?.toLowerCase();
  const services = setup.services.filter((candidate) => model === undefined || candidate.model === model);
  const service = serviceOf(finding, evidence, services) ?? services[0];
  const server = service?.realServers.find(({ name }) => name === finding.suspect) ?? service?.realServers[0];
  if (service === undefined || server === undefined) return undefined;
  const network = new Network(setup);
  const host = network.host(server.name);
  const nic = host?.nics[0];
  const onLink = (role: Host["role"]) =>
    setup.hosts
      .filter((candidate) => candidate.role === role)
      .flatMap(({ nics }) => nics)
      .find((own) => nic !== undefined && shareSegment(own, nic));
  const clients = setup.hosts.filter(({ role }) => role === "client");
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
    clientsOnLink: clients.length === 0 || nic === undefined ? undefined : onLink("client") !== undefined,
    shown: shownIn(finding, evidence),
  };
}

/** The last frame of a failure; unknown where frames were left out of the finding. */
function shownIn({ status, frames }: Finding, evidence: Evidence): Packet | undefined {
  const last = status === "fail" && frames.length < MOST_FRAMES ? frames.at(-1) : undefined;
  return evidence.frames.find((frame) => frame.tap === last?.tap && frame.number === last.number)?.packet;
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

const isMissing = ({ finding }: is.Site) => finding.field === undefined;
const isTooLong = ({ finding }: is.Site) => finding.field === "ip.len";
const isDirectors = ({ finding, server }: is.Site) => finding.suspect !== server.name;

const DEFAULT: readonly is.CauseOf[] = [is.implementation];

const CAUSES: Readonly<Record<string, readonly is.CauseOf[]>> = {
  "GEN-SVC-01": [
    is.when(isDirectors, is.noService),
    is.unreachable,
    is.when(isDirectors, is.filtered),
    is.when(isDirectors, is.flooding),
    is.when(isDirectors, is.implementation),
  ],
  "GEN-SVC-06": [is.sloppy, is.implementation],
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
    is.cause(
      "persistence",
      "A persistence template still leads to the drained server.",
      () => "sysctl -w net.ipv4.vs.expire_quiescent_template=1",
    ),
    is.staleConnection,
  ],
  "GEN-L4-01": [is.implementation],
  "NAT-REQ-01": [is.wrongModel, is.implementation],
  "NAT-REQ-02": [is.nat, is.implementation],
  "NAT-REQ-03": [is.noPortMapped, is.implementation],
  "NAT-REQ-04": [is.staleNeighbour, is.implementation],
  "NAT-REQ-07": [is.offload, is.implementation],
  "NAT-RSP-01": [is.nat, is.implementation],
  "NAT-RSP-02": [is.wrongRouteToClient, is.implementation],
  "NAT-RSP-04": [is.clientOnLink, is.gatewayNotDirector, is.clientPerhapsOnLink],
  "NAT-RSP-05": [is.staleConnection, is.implementation],
  "NAT-TOP-01": [is.gatewayNotDirector],
  "NAT-TOP-02": [is.clientOnLink, is.gatewayNotDirector, is.clientPerhapsOnLink],
  "NAT-TOP-04": [is.forwardingOff, is.filtered, is.rpFilter],
  "NAT-TOP-05": [is.redirects],
  "NAT-ARP-01": [is.vipPrimary],
  "NAT-ICMP-01": [is.icmpFiltered, is.implementation],
  "NAT-ICMP-02": [is.icmpFiltered, is.implementation],
  "NAT-MTU-01": [is.icmpFiltered, is.implementation],
  "NAT-FRAG-01": [is.defragmentation, is.implementation],
  "DR-REQ-01": [is.wrongModel, is.implementation],
  "DR-REQ-02": [is.staleNeighbour, is.implementation],
  "DR-REQ-04": [is.clamping, is.offload, is.implementation],
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
  "DR-ARP-01": [is.vipNotUp],
  "DR-ARP-02": [is.arpIgnore, is.vipOnNic],
  "DR-ARP-03": [is.arpIgnore, is.vipOnNic],
  "DR-ARP-04": [is.arpIgnore, is.vipOnNic],
  "DR-ARP-05": [is.arpOff],
  "DR-ARP-06": [is.arpAnnounce],
  "DR-ARP-07": [is.announced],
  "DR-ARP-08": [is.hijacked],
  "DR-ARP-09": [is.vipPrimary],
  "DR-ICMP-01": [is.icmpFiltered, is.implementation],
  "DR-MTU-01": [is.icmpFiltered, is.pmtu, is.implementation],
  "DR-FRAG-01": [is.defragmentation, is.implementation],
  "TUN-ENC-02": [is.vipPrimary],
  "TUN-ENC-03": [is.wrongModel, is.implementation],
  "TUN-ENC-05": [is.implementation, is.routers],
  "TUN-ENC-07": [is.pmtu],
  "TUN-ENC-10": [is.staleNeighbour, is.implementation],
  "TUN-ENC-11": [is.portMapped, is.implementation],
  "TUN-MTU-01": [is.when(isMissing, is.icmpFiltered), is.when(isTooLong, is.pmtu), is.implementation],
  "TUN-MTU-03": [is.pmtuOn, is.implementation],
  "TUN-MTU-04": [is.icmpFiltered, is.implementation],
  "TUN-SEC-01": [is.tunnelFromAnyone],
  "TUN-MTU-05": [is.clamping],
  "TUN-RS-01": [is.noTunnel],
  "TUN-RS-02": [is.ownSource, is.replyInTunnel, is.wrongGateway],
  "TUN-RS-03": [is.gatewayIsDirector],
  "TUN-RS-04": [is.rpFilter, is.noVip, is.noListener],
  "TUN-RS-05": [
    is.where(isAnswer, is.arpIgnore),
    is.where(isQuestion, is.arpAnnounce),
    is.where(isTold, is.announced),
    is.where(isAnswer, is.vipOnNic),
  ],
  "TUN-RS-06": [is.noVip, is.forwardingOn],
  "TUN-FRAG-01": [is.defragmentation, is.implementation],
  "TUN-ICMP-01": [is.icmpFiltered, is.implementation],
  "TUN-SEC-02": [
    is.cause(
      "tunnel-on-director",
      "A tunnel device of the director takes the packet out.",
      () => "ip link set tunl0 down",
    ),
    is.implementation,
  ],
};

/** What is wrong with a host in captures, as what a host of the lab is told wrong. */

import { core } from "../../forwarding/datagram.js";
import type { Evidence } from "../../forwarding/evidence.js";
import { groupBy } from "../../forwarding/group.js";
import { Network } from "../../forwarding/network.js";
import type { Cause, Finding } from "../../forwarding/rule.js";
import { addressFor, type Host, type Role, type Setup, shareSegment } from "../../forwarding/setup.js";
import { type Site, siteOf } from "../../forwarding/site.js";
import type { Frame } from "../../packet/frame.js";
import type { HostPatch } from "../load.js";
import type { RawHost, RawSetup } from "../raw.js";
import type { Note } from "./text.js";

/** A scenario's setup, and what is to be said about the faults of its hosts. */
export interface FaultsIn {
  readonly setup: RawSetup;
  readonly notes: readonly Note[];
  /** In whole sentences. */
  readonly told: readonly string[];
}

/** A fault, what brings it about, and the findings that come of it. */
interface Fault {
  readonly findings: readonly Finding[];
  readonly cause: Cause | undefined;
  /** Empty where the network itself is the fault; undefined where no setup of a lab has it. */
  readonly hosts: HostPatch | undefined;
}

/** What a finding tells about the fault behind it. */
interface Found {
  readonly finding: Finding;
  readonly site: Site;
  readonly evidence: Evidence;
  readonly network: Network;
  /** The hosts of the scenario, nothing being wrong with them. */
  readonly lab: Setup;
}

type Patch = (found: Found) => HostPatch | undefined;

/** For causes by their names; of one that is not here nothing in a lab's setup brings it about. */
const PATCHES: Readonly<Record<string, Patch>> = {
  "arp-ignore-not-effective": onServer(() => ({ sysctl: { "net.ipv4.conf.all.arp_ignore": 0 } })),
  "arp-announce-not-effective": onServer(() => ({ sysctl: { "net.ipv4.conf.all.arp_announce": 0 } })),
  "vip-on-lan-device": onServer(({ site }) => ({ vipDevice: site.nic?.name ?? "eth0" })),
  "vip-hijacked-by-arp": ({ site, lab }) => {
    const asker = lab.hosts.find(({ role }) => role === "router") ?? lab.hosts.find(({ role }) => role === "client");
    return asker && { [asker.name]: { neighbours: { [site.service.vip]: site.server.name } } };
  },
  "gateway-is-director": onServer((found) => gateway(nearby("director", found))),
  "gateway-not-director": onServer((found) => gateway(hopOf(found) ?? nearby("router", found))),
  "wrong-default-gateway": onServer((found) => gateway(hopOf(found))),
  "client-on-link": () => ({}),
  "vip-not-on-real-server": onServer(({ finding }) => {
    const isRouted = finding.rule === "DR-RS-02" || finding.rule === "TUN-RS-06";
    return { vipDevice: "none", ...(isRouted ? { forwarding: true } : {}) };
  }),
  "vip-prefix": onServer(({ site, lab }) => {
    const [nic] = lab.hosts.find(({ name }) => name === site.server.name)?.nics ?? [];
    return nic && { vipPrefix: nic.prefix, sysctl: { "net.ipv4.conf.all.arp_ignore": 0 } };
  }),
  "rp-filter-strict": onServer(() => ({ sysctl: { "net.ipv4.conf.all.rp_filter": 1 } })),
  "no-tunnel-device": onServer(() => ({ tunnelFrom: "nobody", vipDevice: "lo" })),
  "tunnel-checksum-differs": onServer(({ site }) => ({ tunnelChecksum: !site.service.tunnel.checksum })),
  "route-into-tunnel": onServer((found) => ({ ...gateway(nearby("director", found)), gatewayInTunnel: true })),
  "server-answers-from-rip": onServer(({ site: { shown } }) => {
    // TCP answers from the address that it was asked at, whatever a program is bound to.
    return shown && core(shown).tcp ? undefined : { wildcard: true };
  }),
  "backup-balances": onServer(() => ({ sysctl: { "net.ipv4.vs.backup_only": 0 } })),
  "ip-forward-off": ({ site }) => ({ [site.director]: { forwarding: false } }),
  "stale-neighbour": (found) => {
    const { site, network, lab } = found;
    const mistaken = hopsOf(found).find(({ frame }) => network.isDirector(frame.host));
    // The frame has the server's address but under DR, which leaves the VIP in it.
    const server = site.service.realServers.find(({ ip }) => ip === mistaken?.frame.packet.ip?.dst);
    const other = lab.hosts.find(({ name }) => name === mistaken?.owner.host.name);
    return server && other && { [site.director]: { neighbours: { [server.ip]: other.name } } };
  },
};

/** What a host is, and right to be, by which it can have such a fault. */
const NATURES: Readonly<Record<string, RawHost>> = { "backup-balances": { backup: true } };

/**
 * The setup of a network in which nothing is wrong, with the faults that findings come from or with a note about them.
 * @param lab the same setup, resolved
 */
export function faultsIn(
  plain: RawSetup,
  lab: Setup,
  evidence: Evidence,
  failures: readonly Finding[],
  withFault: boolean,
): FaultsIn {
  const faults = faultsBehind(failures, evidence, lab);
  const mended = faults.reduce(withNature, plain);
  const known = faults.filter(({ hosts }) => hosts !== undefined);
  if (withFault) {
    const { setup, notes } = known.reduce<Pick<FaultsIn, "setup" | "notes">>(commit, { setup: mended, notes: [] });
    const unknown = faults.filter(({ hosts }) => hosts === undefined);
    return { setup, notes, told: unknown.map((fault) => `Left out: what no lab is told. ${sentence(fault)}`) };
  }
  if (faults.length === 0) return { setup: mended, notes: [], told: [] };
  const lines = [
    "Captured:",
    ...faults.map((fault) => `- ${sentence(fault)}`),
    `The network is as mended${known.length === 0 ? "" : "; `hopcheck init --from-capture` puts that in with --with-fault"}.`,
  ];
  const told =
    known.length === 0 ? [] : ["The network is as mended; --with-fault puts in what is wrong with its hosts."];
  return { setup: mended, notes: [{ path: [], lines }], told };
}

/** What is wrong with hosts; of directors only what their setup can be told: the rest is the matter of whom is tested. */
function faultsBehind(failures: readonly Finding[], evidence: Evidence, lab: Setup): Fault[] {
  const network = new Network(evidence.setup);
  const all = failures.flatMap((finding) => {
    const [cause] = finding.causes;
    const site = siteOf(finding, evidence);
    const hosts = cause && site && PATCHES[cause.id]?.({ finding, site, evidence, network, lab });
    const isServers = network.host(finding.suspect ?? "")?.role === "real-server";
    return hosts !== undefined || isServers ? [{ finding, cause, hosts }] : [];
  });
  const alike = groupBy(all, ({ finding, cause, hosts }) => JSON.stringify([finding.suspect, cause?.id, hosts]));
  return [...alike.values()].flatMap((same) => {
    const [first] = same;
    return first === undefined ? [] : [{ ...first, findings: same.map(({ finding }) => finding) }];
  });
}

function withNature(setup: RawSetup, { cause, findings: [finding] }: Fault): RawSetup {
  const nature = NATURES[cause?.id ?? ""];
  const name = finding?.suspect ?? "";
  return nature === undefined
    ? setup
    : { ...setup, hosts: { ...setup.hosts, [name]: { ...setup.hosts?.[name], ...nature } } };
}

/** Puts a fault into a setup, with a note before its first line. */
function commit({ setup, notes }: Pick<FaultsIn, "setup" | "notes">, fault: Fault): Pick<FaultsIn, "setup" | "notes"> {
  const patches = Object.entries(fault.hosts ?? {});
  if (patches.length === 0) {
    const lines = [sentence(fault), "The network itself is the fault: it needs another client."];
    return { setup, notes: [...notes, { path: ["setup", "client"], lines }] };
  }
  const hosts = { ...setup.hosts };
  const more: Note[] = [];
  for (const [name, patch] of patches) {
    const own = hosts[name] ?? {};
    const keys = Object.keys(patch);
    hosts[name] = { ...own, ...patch, ...(patch.sysctl ? { sysctl: { ...own.sysctl, ...patch.sysctl } } : {}) };
    const before = own.gateway === undefined || patch.gateway === undefined ? "" : `; it was ${own.gateway}`;
    const out = `Without \`${keys.join("` and `")}\` the network is as mended${before}.`;
    more.push({ path: ["setup", "hosts", name, keys[0] ?? ""], lines: [sentence(fault), out] });
  }
  return { setup: { ...setup, hosts }, notes: [...notes, ...more] };
}

/** `DR-RS-01 blames rs1 (vip-not-on-real-server): rs1 does not hold 10.0.0.10.` */
function sentence({ findings, cause }: Fault): string {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  const blame = `${new Intl.ListFormat("en").format(rules)} ${rules.length === 1 ? "blames" : "blame"} ${findings[0]?.suspect}`;
  return cause === undefined ? `${blame}.` : `${blame} (${cause.id}): ${cause.text}`;
}

function onServer(patch: (found: Found) => HostPatch[string] | undefined): Patch {
  return (found) => {
    const host = patch(found);
    return host && { [found.site.server.name]: host };
  };
}

function gateway(ip: string | undefined): HostPatch[string] | undefined {
  return ip === undefined ? undefined : { gateway: ip };
}

/** The address of the machine that the real server sent its answer to. */
function hopOf(found: Found): string | undefined {
  const hop = hopsOf(found).find(({ frame }) => frame.host === found.site.server.name);
  return hop && nearby(({ name }) => name === hop.owner.host.name, found);
}

/** Frames that the finding cites and whose destination is a known NIC. */
function hopsOf({ finding, evidence, network }: Found) {
  const isCited = ({ tap, number, file }: Frame) =>
    finding.frames.some((cited) => cited.tap === tap && cited.number === number && cited.file === file);
  return evidence.frames.flatMap((frame) => {
    const owner = frame.direction === "out" && isCited(frame) ? network.byMac(frame.packet.linkDst) : undefined;
    return owner === undefined ? [] : [{ frame, owner }];
  });
}

/** The address of a host of the lab on the real server's segment. */
function nearby(wanted: Role | ((host: Host) => boolean), { site, lab }: Found): string | undefined {
  const own = lab.hosts.find(({ name }) => name === site.server.name)?.nics ?? [];
  const isWanted = typeof wanted === "string" ? ({ role }: Host) => role === wanted : wanted;
  const nics = lab.hosts.filter(isWanted).flatMap(({ nics }) => nics);
  const near = nics.find((nic) => own.some((other) => shareSegment(nic, other)));
  return near && addressFor(near, site.service.vip);
}

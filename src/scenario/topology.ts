import type { Host } from "../forwarding/setup.js";
import { inPrefix } from "../packet/address.js";
import { segmentOf, shareSegment } from "./addresses.js";
import type { HostDraft, NicDraft } from "./hosts.js";
import { quoted } from "./suggest.js";

/** What no network can have: an address or MAC twice, segments that overlap. */
export function checkAddresses(hosts: readonly HostDraft[]): void {
  const owners = new Map<string, string>();
  const claim = (key: string, owner: string): string | undefined => {
    const before = owners.get(key);
    if (before === undefined) owners.set(key, owner);
    return before;
  };
  const segments = new Map<string, NicDraft>();
  for (const host of hosts) {
    for (const nic of host.nics) {
      const before = claim(nic.ip, host.name);
      if (before !== undefined)
        nic.place.at("ip").complain(`${quoted(nic.ip)} is already the address of ${quoted(before)}`);
      const macBefore = nic.mac === "" ? undefined : claim(nic.mac, host.name);
      if (macBefore !== undefined && before === undefined) {
        nic.place.at("mac").complain(`the MAC ${quoted(nic.mac)} is already that of ${quoted(macBefore)}`);
      }
      for (const [name, other] of segments) {
        if (segments.has(segmentOf(nic)) || !overlap(nic, other)) continue;
        const both = `${segmentOf(nic)} and ${name} (line ${other.place.position.line})`;
        nic.place
          .at("ip")
          .complain(`the segments ${both} overlap; give both the same prefix length, or other addresses`);
        break;
      }
      segments.set(segmentOf(nic), nic);
    }
  }
}

/** Every host must have a way to the director; gateways must be on one of their host's segments. */
export function checkReach(hosts: readonly HostDraft[]): void {
  const director = hosts.find((host) => host.role === "director");
  const router = hosts.find((host) => host.role === "router");
  if (director === undefined || director.nics.length === 0) return;
  for (const host of hosts) {
    const { gateway } = host;
    if (gateway && host.nics.length > 0 && !host.nics.some((nic) => inPrefix(gateway.ip, nic.ip, nic.prefix))) {
      const on = host.nics.map(segmentOf).join(" and ");
      gateway.place.complain(`the gateway ${quoted(gateway.ip)} is not on a segment of ${quoted(host.name)} (${on})`);
    }
    if (host === director || host.nics.length === 0 || adjacent(host, director)) continue;
    if (host !== router && router && adjacent(host, router)) continue;
    const others = router === undefined || host === router ? [director] : [director, router];
    const on = others.map((other) => `${other.name}: ${other.nics.map(segmentOf).join(", ")}`).join("; ");
    const place = host.nics[0]?.place.at("ip") ?? host.place;
    const where = host.nics.map(segmentOf).join(" and ");
    place.complain(`nothing connects ${quoted(host.name)} on ${where} with the director (${on})`);
  }
}

/** The hosts with their gateways, written or by default. */
export function withGateways(hosts: readonly HostDraft[]): Host[] {
  return hosts.map((host) => {
    const { name, role, options } = host;
    const nics = host.nics.map(({ place: _, ...nic }) => nic);
    const gateway = host.gateway?.ip ?? defaultGateway(host, hosts);
    return { name, role, nics, ...(gateway === undefined ? {} : { gateway }), options };
  });
}

/** NAT answers must return through the director; everything else goes to the router. */
function defaultGateway(host: HostDraft, hosts: readonly HostDraft[]): string | undefined {
  if (host.role === "router") return undefined;
  const candidates = host.models.has("nat") ? (["director", "router"] as const) : (["router"] as const);
  for (const role of candidates) {
    const next = hosts.find((other) => other.role === role);
    for (const nic of host.nics) {
      const hop = next?.nics.find((candidate) => shareSegment(candidate, nic));
      if (hop !== undefined) return hop.ip;
    }
  }
  return undefined;
}

/** Whether two hosts have NICs on one segment. */
export function adjacent(a: Pick<Host, "nics">, b: Pick<Host, "nics">): boolean {
  return a.nics.some((nic) => b.nics.some((other) => shareSegment(nic, other)));
}

function overlap(a: NicDraft, b: NicDraft): boolean {
  return inPrefix(a.ip, b.ip, Math.min(a.prefix, b.prefix));
}

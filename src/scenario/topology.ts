import { type Address, addressesOf, type Host, isOnLink, shareSegment } from "../forwarding/setup.js";
import { inPrefix, isIp6 } from "../packet/address.js";
import { sameNetwork, segmentOf } from "./addresses.js";
import type { HostDraft } from "./hosts.js";
import type { Place } from "./source.js";
import { quoted } from "./suggest.js";

/** What no network can have: an address or MAC twice, segments that overlap. */
export function checkAddresses(hosts: readonly HostDraft[]): void {
  const owners = new Map<string, string>();
  const claim = (key: string, owner: string): string | undefined => {
    const before = owners.get(key);
    if (before === undefined) owners.set(key, owner);
    return before;
  };
  const segments = new Map<string, { address: Address; place: Place }>();
  for (const host of hosts) {
    for (const nic of host.nics) {
      const taken = addressesOf(nic).flatMap(({ ip }) => {
        const before = claim(ip, host.name);
        return before === undefined ? [] : [`${quoted(ip)} is already the address of ${quoted(before)}`];
      });
      for (const message of taken) nic.place.at("ip").complain(message);
      const macBefore = nic.mac === "" ? undefined : claim(nic.mac, host.name);
      if (macBefore !== undefined && taken.length === 0) {
        nic.place.at("mac").complain(`the MAC ${quoted(nic.mac)} is already that of ${quoted(macBefore)}`);
      }
      for (const address of addressesOf(nic)) {
        for (const [name, other] of segments) {
          if (segments.has(segmentOf(address)) || !overlap(address, other.address)) continue;
          const both = `${segmentOf(address)} and ${name} (line ${other.place.position.line})`;
          nic.place
            .at("ip")
            .complain(`the segments ${both} overlap; give both the same prefix length, or other addresses`);
          break;
        }
        segments.set(segmentOf(address), { address, place: nic.place });
      }
    }
  }
}

/** Every host must have a way to the director; gateways must be on one of their host's segments. */
export function checkReach(hosts: readonly HostDraft[]): void {
  const director = hosts.find((host) => host.role === "director");
  const router = hosts.find((host) => host.role === "router");
  if (director === undefined || director.nics.length === 0) return;
  for (const host of hosts) {
    for (const gateway of host.gateways) {
      if (host.nics.length === 0 || host.nics.some((nic) => isOnLink(nic, gateway.ip))) continue;
      const on = segmentsOf(host).join(" and ");
      gateway.place.complain(`the gateway ${quoted(gateway.ip)} is not on a segment of ${quoted(host.name)} (${on})`);
    }
    if (host === director || host.nics.length === 0 || adjacent(host, director)) continue;
    if (host !== router && router && adjacent(host, router)) continue;
    const others = router === undefined || host === router ? [director] : [director, router];
    const on = others.map((other) => `${other.name}: ${segmentsOf(other).join(", ")}`).join("; ");
    const place = host.nics[0]?.place.at("ip") ?? host.place;
    const where = segmentsOf(host).join(" and ");
    place.complain(`nothing connects ${quoted(host.name)} on ${where} with the director (${on})`);
  }
}

/** The hosts with their gateways, written or by default. */
export function withGateways(hosts: readonly HostDraft[]): Host[] {
  return hosts.map((host) => {
    const { name, role, options } = host;
    const nics = host.nics.map(({ place: _, ...nic }) => nic);
    const gateways = [false, true].flatMap((ip6) => {
      const written = host.gateways.find(({ ip }) => isIp6(ip) === ip6)?.ip;
      return written ?? defaultGateway(host, hosts, ip6) ?? [];
    });
    return { name, role, nics, gateways, options };
  });
}

/** NAT answers must return through the director; everything else goes to the router. */
function defaultGateway(host: HostDraft, hosts: readonly HostDraft[], ip6: boolean): string | undefined {
  if (host.role === "router") return undefined;
  const candidates = host.models.has("nat") ? (["director", "router"] as const) : (["router"] as const);
  for (const role of candidates) {
    const next = hosts.find((other) => other.role === role)?.nics.flatMap(addressesOf) ?? [];
    for (const own of host.nics.flatMap(addressesOf)) {
      const hop = next.find((candidate) => isIp6(candidate.ip) === ip6 && sameNetwork(candidate, own));
      if (hop !== undefined) return hop.ip;
    }
  }
  return undefined;
}

/** Whether two hosts have NICs on one segment. */
export function adjacent(a: Pick<Host, "nics">, b: Pick<Host, "nics">): boolean {
  return a.nics.some((nic) => b.nics.some((other) => shareSegment(nic, other)));
}

/** The networks of a host's NICs. */
export function segmentsOf({ nics }: Pick<Host, "nics">): string[] {
  return nics.flatMap(addressesOf).map(segmentOf);
}

function overlap(a: Address, b: Address): boolean {
  return inPrefix(a.ip, b.ip, Math.min(a.prefix, b.prefix));
}

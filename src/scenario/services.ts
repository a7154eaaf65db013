import {
  type Answers,
  addressesOf,
  addressFor,
  hasAddress,
  IP_IN_IP,
  isAskedAtRip,
  type Model,
  type RealServer,
  type Service,
  serviceName,
} from "../forwarding/setup.js";
import { inPrefix, ip6FromString, ip6ToString, isIp6 } from "../packet/address.js";
import { hostAddress } from "./addresses.js";
import type { HostDraft, Purpose } from "./hosts.js";
import type { RawService, RawSetup } from "./raw.js";
import type { Place } from "./source.js";
import { quoted } from "./suggest.js";
import { segmentsOf } from "./topology.js";

/** Seconds, as ipvsadm has it where `-p` stands alone (ipvsadm(8)). */
const DEFAULT_TIMEOUT = 360;

/** Where a real server listens, and what it was said to do there. */
type Listeners = Map<string, { readonly answers: Answers; readonly place: Place }>;

/** The services of a setup, defaults filled in. */
export function readServices(raw: RawSetup, place: Place, hosts: readonly HostDraft[], purpose: Purpose): Service[] {
  const seen = new Map<string, Place>();
  const listeners: Listeners = new Map();
  const services = raw.services.map((service, index) => {
    const at = place.at("services", index);
    const before = seen.get(serviceName(service));
    if (before)
      at.complain(`the service ${quoted(serviceName(service))} stands already in line ${before.position.line}`);
    seen.set(serviceName(service), at);
    checkVip(service, at, hosts, purpose);
    if (service.model === undefined && purpose === "lab")
      at.complain("`model` is missing: how the director forwards, nat, dr or tun");
    return readService(service, at, service.model ?? "nat", listeners);
  });
  checkMarks(services, place);
  return services;
}

function readService(raw: RawService, place: Place, model: Model, listeners: Listeners): Service {
  const { port, protocol } = raw;
  const vip = canonical(raw.vip);
  const names = new Set<string>();
  const realServers = raw.realServers.map((server, index): RealServer => {
    const at = place.at("realServers", index);
    if (names.has(server.name)) at.at("name").complain(`${quoted(server.name)} stands twice in this service`);
    names.add(server.name);
    const answers = server.answers ?? raw.answers ?? "echo";
    const rport = server.port ?? port;
    const socket = isAskedAtRip({ model }) ? `rip:${rport}` : `${vip}:${port}`;
    const before = listeners.get(`${server.name} ${socket}/${protocol}`);
    if (before && before.answers !== answers) {
      const line = before.place.position.line;
      at.complain(
        `${quoted(server.name)} answers ${before.answers} on this port for the service in line ${line}, ${answers} here`,
      );
    }
    listeners.set(`${server.name} ${socket}/${protocol}`, { answers, place: at });
    const ip = canonical(server.ip.split("/")[0] ?? server.ip);
    if (raw.mark !== undefined && server.port !== undefined)
      at.at("port").complain("a service with a mark keeps the ports of its packets; leave `port` out");
    const limit = server.limit === undefined ? {} : { limit: server.limit };
    return { name: server.name, ip, port: rport, weight: server.weight ?? 1, answers, ...limit };
  });
  if (raw.onePacket && protocol !== "udp")
    place.at("onePacket").complain(`a service of ${protocol} has connections; \`onePacket\` is for udp`);
  if (raw.tunnel && model !== "tun") place.at("tunnel").complainOfKey(`\`tunnel\` is for the model tun, not ${model}`);
  const { scheduler = "rr", schedulerFlags = [], onePacket = false, mark, persistence } = raw;
  const tunnel = { ...IP_IN_IP, ...raw.tunnel };
  const bits = isIp6(vip) ? 128 : 32;
  for (const [index, flag] of schedulerFlags.entries())
    if (!flag.startsWith(`${scheduler}-`))
      place.at("schedulerFlags", index).complain(`${quoted(flag)} is no flag of the scheduler ${quoted(scheduler)}`);
  return {
    ...{ vip, port, protocol, model, scheduler, schedulerFlags, onePacket, tunnel, realServers },
    ...(mark === undefined ? {} : { mark }),
    ...(persistence === undefined ? {} : { persistence: { timeout: DEFAULT_TIMEOUT, prefix: bits, ...persistence } }),
  };
}

/** Services with one mark are one service to the director: what it does with their packets must be the same for all. */
function checkMarks(services: readonly Service[], place: Place): void {
  const alike = ({ model, scheduler, schedulerFlags, persistence, realServers }: Service) =>
    JSON.stringify([model, scheduler, schedulerFlags, persistence, realServers.map(({ ip, weight }) => [ip, weight])]);
  for (const [index, service] of services.entries()) {
    const first = services.findIndex(({ mark }) => mark !== undefined && mark === service.mark);
    const other = services[first];
    if (other === undefined || alike(other) === alike(service)) continue;
    const line = place.at("services", first).position.line;
    place
      .at("services", index, "mark")
      .complain(`the service in line ${line} has the same mark, but another model, scheduler or real servers`);
  }
}

function checkVip(service: RawService, place: Place, hosts: readonly HostDraft[], purpose: Purpose): void {
  const at = place.at("vip");
  const vip = hostAddress(service.vip, at);
  if (vip === undefined) return;
  const owner = hosts.find((host) => host.nics.some((nic) => addressesOf(nic).some(({ ip }) => ip === vip)));
  if (owner)
    at.complain(`the VIP ${quoted(vip)} is the address of ${quoted(owner.name)}; a VIP is an address of its own`);
  const isOtherFamily = service.realServers.some(({ ip }) => isIp6(ip.split("/")[0] ?? "") !== isIp6(vip));
  if (isOtherFamily && service.model !== "tun" && service.model !== undefined)
    at.complain(`a VIP of IPv${isIp6(vip) ? 6 : 4} has real servers of the other family; only tun can reach those`);
  const director = hosts.find((host) => host.role === "director");
  if (purpose === "captures" || director === undefined || director.nics.length === 0) return;
  for (const { ip } of service.realServers) {
    const server = hosts.find((host) => host.nics.some((nic) => hasAddress(nic, canonical(ip.split("/")[0] ?? ""))));
    if (server === undefined || server.nics.some((nic) => addressFor(nic, vip) !== undefined)) continue;
    const family = isIp6(vip) ? 6 : 4;
    at.complain(
      `${quoted(server.name)} has no IPv${family} address to answer clients of ${quoted(vip)} by; name it in a service with one`,
    );
  }
  const own = director.nics.flatMap(addressesOf);
  if (own.some(({ ip, prefix }) => inPrefix(vip, ip, prefix))) return;
  const on = segmentsOf(director).join(" and ");
  at.complain(`the VIP ${quoted(vip)} is on no segment of the director (${on}); nobody could ask for its MAC`);
}

/** Of IPv6 addresses that have several spellings the one of RFC 5952; what is no address is complained of elsewhere. */
function canonical(ip: string): string {
  return isIp6(ip) ? ip6ToString(ip6FromString(ip)) : ip;
}

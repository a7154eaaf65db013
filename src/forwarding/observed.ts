/** Which model the frames show, whatever a setup says. */

import type { Frame } from "../packet/frame.js";
import { core, isInUnknownTunnel, portsOf, protocolOf } from "./datagram.js";
import { Network, ownsIp } from "./network.js";
import { Handshakes } from "./proxied.js";
import type { Model, Service, Setup } from "./setup.js";
import { serviceName } from "./setup.js";

/**
 * The models of a service that show in what left the director for a real server, or came to one: the client's packet in
 * a tunnel, on its own with the VIP as its destination, or with the real server's address in the VIP's place; or a
 * connection of the director's own instead.
 */
export function modelsSeen(setup: Setup, frames: Iterable<Frame>): ReadonlyMap<Service, ReadonlySet<Model>> {
  const network = new Network(setup);
  const seen = new Map<Service, Set<Model>>(setup.services.map((service) => [service, new Set()]));
  /** By the client's end: the service that it asked. */
  const asked = new Map<string, Set<Service>>();
  const handshakes = new Handshakes(network, setup.services);
  for (const frame of frames) {
    handshakes.add(frame);
    const { packet: outer, host, direction } = frame;
    const packet = core(outer);
    const ports = portsOf(packet);
    const { ip } = packet;
    if (ip === undefined || ports === undefined) continue;
    const role = network.host(host)?.role;
    const protocol = protocolOf(packet);
    const client = `${protocol} ${ip.src} ${ports.src}`;
    const service = setup.services.find((one) => {
      return one.vip === ip.dst && one.port === ports.dst && one.protocol === protocol;
    });
    if (service !== undefined) asked.set(client, (asked.get(client) ?? new Set()).add(service));
    const isForServer = (role === "director" && direction === "out") || (role === "real-server" && direction === "in");
    if (!isForServer) continue;
    if (service !== undefined) {
      const sender = network.host(host);
      if (sender !== undefined && role === "director" && ownsIp(sender, ip.src)) continue;
      seen.get(service)?.add(packet !== outer || isInUnknownTunnel(outer) ? "tun" : "dr");
      continue;
    }
    for (const own of asked.get(client) ?? []) {
      if (own.realServers.some((server) => server.ip === ip.dst)) seen.get(own)?.add("nat");
    }
  }
  // Who forwards as well only asks its real servers whether they live.
  for (const [service, models] of seen)
    if (models.size === 0 && handshakes.ownOf(service) !== undefined) models.add("proxy");
  return seen;
}

/** A setup whose services without a model have the one that the frames show. */
export function modelled(setup: Setup, frames: readonly Frame[], withoutModel: readonly Service[]): Setup {
  if (withoutModel.length === 0) return setup;
  const names = new Set(withoutModel.map(serviceName));
  const seen = modelsSeen(setup, frames);
  const services = setup.services.map((service) => {
    const [model, ...others] = seen.get(service) ?? [];
    return !names.has(serviceName(service)) || model === undefined || others.length > 0
      ? service
      : { ...service, model };
  });
  return { ...setup, services };
}

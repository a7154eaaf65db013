import { type DirectorTraits, directorHost } from "../director/director.js";
import { isRedundant, modelsOf, type Service, type Setup } from "../forwarding/setup.js";
import { nicTowards } from "../lab/segments.js";
import { isIp6 } from "../packet/address.js";
import type { Scenario, Step } from "./scenario.js";
import setupSchema from "./setup.schema.json" with { type: "json" };

const SCHEDULERS: readonly string[] = setupSchema.$defs.service.properties.scheduler.enum;

/** What a scenario may ask of a director beyond its model, by the names in directors' files; schedulers by their own. */
export const FEATURES: readonly string[] = [
  "udp",
  "sctp",
  "ipv6",
  "mixed-families",
  ...SCHEDULERS,
  "scheduler-flags",
  "weight",
  "persistence",
  "one-packet",
  "mark",
  "limit",
  "absent",
  "smaller-mtu",
  "gre",
  "gue",
  "tunnel-checksum",
  "no-pmtu-discovery",
  "change-servers",
  "forwarding",
  "forget",
  "standby",
];

/** The features that a scenario asks of a director; those of a script's own steps show only as it runs. */
export function featuresOf({ setup, steps }: Pick<Scenario, "setup" | "steps">): readonly string[] {
  return [
    ...new Set([
      ...setup.services.flatMap(featuresOfService),
      ...(setup.services.some((service) => isNarrowed(service, setup)) ? ["smaller-mtu"] : []),
      ...(isRedundant(setup) ? ["standby"] : []),
      ...steps.flatMap((step) => featuresOfStep(step, setup)),
    ]),
  ];
}

function featuresOfService(service: Service): string[] {
  const { vip, protocol, model, scheduler, schedulerFlags, persistence, onePacket, mark, realServers } = service;
  const asked: Readonly<Record<string, boolean>> = {
    udp: protocol === "udp",
    sctp: protocol === "sctp",
    ipv6: isIp6(vip),
    "mixed-families": realServers.some(({ ip }) => isIp6(ip) !== isIp6(vip)),
    [scheduler]: true,
    "scheduler-flags": schedulerFlags.length > 0,
    weight: realServers.some(({ weight }) => weight !== 1),
    persistence: persistence !== undefined,
    "one-packet": onePacket,
    mark: mark !== undefined,
    limit: realServers.some(({ limit }) => limit !== undefined),
    absent: realServers.some(({ answers }) => answers === "absent"),
  };
  return [...Object.keys(asked).filter((name) => asked[name]), ...(model === "tun" ? featuresOfTunnel(service) : [])];
}

function featuresOfTunnel({ tunnel: { kind, checksum, pmtuDiscovery } }: Service): string[] {
  return [
    ...(kind === "ipip" ? [] : [kind]),
    ...(checksum ? ["tunnel-checksum"] : []),
    ...(pmtuDiscovery ? [] : ["no-pmtu-discovery"]),
  ];
}

/** Whether DR leads out of a NIC that takes less than another one of the director's lets in. */
function isNarrowed({ model, realServers }: Service, setup: Setup): boolean {
  const director = directorHost(setup);
  const widest = Math.max(...director.nics.map(({ mtu }) => mtu));
  return model === "dr" && realServers.some(({ ip }) => nicTowards(director, ip).mtu < widest);
}

/** The features that one step asks of the director. */
export function featuresOfStep(step: Step, { hosts }: Setup): readonly string[] {
  const isDirector = (name: string) => hosts.some(({ role, name: own }) => role === "director" && own === name);
  switch (step.kind) {
    case "weight":
      return ["weight", "change-servers"];
    case "add":
    case "remove":
      return ["change-servers"];
    case "forget":
    case "forwarding":
      return isDirector(step.host) ? [step.kind] : [];
    default:
      return [];
  }
}

/** Why a director cannot be asked for these features, a reason for each that it lacks; undefined where it has them all. */
export function lacked(features: readonly string[], { lacks }: DirectorTraits): string | undefined {
  const reasons = features.filter((name) => Object.hasOwn(lacks, name)).map((name) => `${name}: ${lacks[name]}`);
  return reasons.length > 0 ? reasons.join("; ") : undefined;
}

/** Why a director cannot be put into a scenario, for want of models or features; undefined where it can. */
export function unsupported(scenario: Scenario, director: DirectorTraits): string | undefined {
  const missing = [...modelsOf(scenario.setup)].filter((model) => !director.models.includes(model));
  const ofModels = missing.map((model) => `${model}: ${director.name} forwards by ${director.models.join(" and ")}`);
  const reasons = [...ofModels, lacked(featuresOf(scenario), director) ?? []].flat();
  return reasons.length > 0 ? reasons.join("; ") : undefined;
}

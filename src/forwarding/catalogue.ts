import type { Rule } from "./rule.js";
import { affinityRules } from "./rules/affinity.js";
import { drRules } from "./rules/dr.js";
import { drArpRules } from "./rules/dr-arp.js";
import { drTopologyRules } from "./rules/dr-topology.js";
import { flowRules } from "./rules/flows.js";
import { ipv6Rules } from "./rules/ipv6.js";
import { natRules } from "./rules/nat.js";
import { natTopologyRules } from "./rules/nat-topology.js";
import { proxyRules } from "./rules/proxy.js";
import { redundancyRules } from "./rules/redundancy.js";
import { schedulingRules } from "./rules/scheduling.js";
import { serviceOptionRules } from "./rules/service-options.js";
import { serviceRules } from "./rules/services.js";
import { tunRules } from "./rules/tun.js";
import { encapsulationRules } from "./rules/tun-encapsulation.js";
import { tunnelServerRules } from "./rules/tun-servers.js";
import { unreachableRules } from "./rules/unreachable.js";

/** All rules, in the order in which reports list them. */
export const catalogue: readonly Rule[] = [
  ...serviceRules,
  ...flowRules,
  ...schedulingRules,
  ...affinityRules,
  ...serviceOptionRules,
  ...unreachableRules,
  ...natRules,
  ...natTopologyRules,
  ...drRules,
  ...drTopologyRules,
  ...drArpRules,
  ...ipv6Rules,
  ...encapsulationRules,
  ...tunnelServerRules,
  ...tunRules,
  ...redundancyRules,
  ...proxyRules,
];

const byId: ReadonlyMap<string, Rule> = new Map(catalogue.map((rule) => [rule.id, rule]));

export function ruleById(id: string): Rule | undefined {
  return byId.get(id);
}

import type { Setup } from "../forwarding/setup.js";
import { type Purpose, readHosts } from "./hosts.js";
import type { RawSetup } from "./raw.js";
import { readServices } from "./services.js";
import type { Place } from "./source.js";
import { checkAddresses, checkReach, withGateways } from "./topology.js";

/** A setup with all defaults filled in; what cannot be built is noted at its place. */
export function resolveSetup(raw: RawSetup, place: Place, purpose: Purpose): Setup {
  const drafts = readHosts(raw, place, purpose);
  const services = readServices(raw, place, drafts, purpose);
  checkAddresses(drafts);
  if (purpose === "lab") checkReach(drafts);
  return { services, hosts: withGateways(drafts) };
}

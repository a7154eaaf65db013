/** What was recorded where and when. */

import type { Evidence } from "./evidence.js";
import { type Host, type Service, tapName } from "./setup.js";
import { earliest } from "./times.js";
import type { View } from "./view.js";

/** A stretch of time in which a tap was recorded, ends included. */
export interface Window {
  readonly from: bigint;
  readonly to: bigint;
}

/** By tap, in the order of time; a tap that is not in it was not recorded at all. */
export type Coverage = ReadonlyMap<string, readonly Window[]>;

/** Taps of a host that were recorded at no time. */
export function missingTaps({ coverage }: Pick<Evidence, "coverage">, host: Host): string[] {
  return coverage === undefined ? [] : host.nics.map((nic) => tapName(host, nic)).filter((tap) => !coverage.has(tap));
}

/** Whether every NIC of a service's real servers was recorded. */
export function areAllRecorded({ evidence, network }: View, { realServers }: Service): boolean {
  return realServers.every(({ name }) => {
    const host = network.host(name);
    return host !== undefined && missingTaps(evidence, host).length === 0;
  });
}

/** Until when all NICs of a host were recorded without a gap, from a time on; undefined where one was not at that time. */
export function coveredUntil(coverage: Coverage, host: Host, time: bigint): bigint | undefined {
  const windows = host.nics.map((nic) => {
    return coverage.get(tapName(host, nic))?.find(({ from, to }) => from <= time && time <= to);
  });
  const ends = windows.flatMap((window) => window?.to ?? []);
  return ends.length < windows.length ? undefined : earliest(ends);
}

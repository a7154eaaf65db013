import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Service, type Setup, tapName } from "../forwarding/setup.js";
import { isIp6 } from "../packet/address.js";
import { PREFIXES } from "./addresses.js";
import type { RawSetup } from "./raw.js";
import type { Place } from "./source.js";
import { quoted, suggestion } from "./suggest.js";

/** A setup with the captures that were taken on it. */
export interface CapturedSetup {
  readonly setup: Setup;
  /** Absolute paths by the name of a host or of one of its taps. */
  readonly captures: ReadonlyMap<string, readonly string[]>;
  /** The services for which the file names no model; `nat` in the setup is a mere placeholder. */
  readonly withoutModel: readonly Service[];
  /** What was taken for granted, in whole sentences. */
  readonly assumed: readonly string[];
}

/** How large networks are taken to be where the setup has addresses without a prefix length. */
export function assumedPrefixes(raw: RawSetup): string[] {
  const { services, director, standby, router, client, hosts = {} } = raw;
  const nics = [director, standby, router, ...Object.values(hosts)].flatMap((host) => host?.interfaces ?? []);
  const servers = services.flatMap(({ realServers }) => realServers);
  const texts = [...nics, ...(client ? [client] : []), ...servers].flatMap(({ ip }) => ip);
  const open = [...new Set(texts.filter((text) => !text.includes("/")))];
  return [open.filter((ip) => !isIp6(ip)), open.filter(isIp6)].flatMap((of, index) => {
    if (of.length === 0) return [];
    const usual = PREFIXES[index === 0 ? 4 : 6].usual;
    return [`The setup has no prefix length for ${new Intl.ListFormat("en").format(of)}: /${usual} is taken for it.`];
  });
}

/** The files under `captures`; unlike a scenario's, they may lie anywhere: an engineer names files of their own. */
export function readCaptures(raw: RawSetup, place: Place, setup: Setup, file: string): Map<string, string[]> {
  const captures = new Map<string, string[]>();
  const known = new Set([
    "client",
    ...setup.hosts.flatMap((host) => [host.name, ...host.nics.map((nic) => tapName(host, nic))]),
  ]);
  for (const [tap, names] of Object.entries(raw.captures ?? {})) {
    const at = place.at("captures", tap);
    if (!known.has(tap)) at.complainOfKey(`unknown tap ${quoted(tap)}${suggestion(tap, [...known])}`);
    const listed: (readonly [string, Place])[] =
      typeof names === "string" ? [[names, at]] : names.map((name, index) => [name, at.at(index)]);
    captures.set(
      tap,
      listed.map(([name, where]) => {
        const path = resolve(dirname(file), name);
        if (!statSync(path, { throwIfNoEntry: false })?.isFile())
          where.complain(`there is no file ${quoted(name)} (relative to this file)`);
        return path;
      }),
    );
  }
  return captures;
}

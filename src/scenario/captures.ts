import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Service, type Setup, tapName } from "../forwarding/setup.js";
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

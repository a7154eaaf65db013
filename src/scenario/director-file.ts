import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { commandDriver } from "../director/command/driver.js";
import type { Hooks, Ready } from "../director/command/hooks.js";
import { checkTemplate, TemplateError } from "../director/command/template.js";
import type { Director, Driver } from "../director/director.js";
import { drivers } from "../director/drivers.js";
import { catalogue, ruleById } from "../forwarding/catalogue.js";
import { FEATURES } from "./features.js";
import { open } from "./load.js";
import type { RawDirector } from "./raw.js";
import { directorShape } from "./schema.js";
import type { Place } from "./source.js";
import { quoted, suggestion } from "./suggest.js";

/** Seconds in which a director has to be ready where its file does not say. */
const WITHIN = 10;

/** Reads and checks a director's file, and finds what starts the director; throws a `ScenarioError`. */
export function loadDirector(file: string): Director {
  const source = open(file);
  const raw = directorShape(source);
  const { name, models, implementation, deviations = {}, host } = raw;
  const driver = driverOf(raw, source.root, resolve(file));
  checkDeviations(deviations, source.root.at("deviations"));
  const lacks = lacksOf(raw, source.root);
  source.throwProblems();
  const foreign = raw.start !== undefined && !raw.needs?.includes("ip_vs");
  const { start, places } = driver as Driver;
  return {
    name,
    models,
    deviations,
    lacks,
    foreign,
    start,
    places,
    ...(implementation === undefined ? {} : { implementation }),
    ...(host === undefined ? {} : { host }),
  };
}

/** What the file starts: a command of its own, or what comes with hopcheck under its name. */
function driverOf(raw: RawDirector, place: Place, file: string): Driver | undefined {
  const { name, start } = raw;
  if (start !== undefined) return commandDriver(hooksOf({ ...raw, start }, place, file));
  for (const key of ["config", "ready", "within", "stop", "change", "needs", "host"] as const)
    if (raw[key] !== undefined)
      place.at(key).complainOfKey(`${quoted(key)} is of a director that a command starts: name it under \`start\``);
  if (Object.hasOwn(drivers, name)) return drivers[name];
  place
    .at("name")
    .complain(
      `no director ${quoted(name)} comes with hopcheck${suggestion(name, Object.keys(drivers))}; the command that starts one of your own stands under \`start\``,
    );
  return undefined;
}

function hooksOf(raw: RawDirector & { start: string }, place: Place, file: string): Hooks {
  const folder = dirname(file);
  const config = raw.config === undefined ? undefined : resolve(folder, raw.config);
  if (config !== undefined) checkConfig(config, raw.config ?? "", place.at("config"));
  const ready = readyOf(raw, place.at("ready"));
  return {
    folder,
    start: raw.start,
    stop: raw.stop ?? "SIGTERM",
    needs: raw.needs ?? [],
    patience: (raw.within ?? WITHIN) * 1000,
    ...(ready === undefined ? {} : { ready }),
    ...(config === undefined ? {} : { config }),
    ...(raw.change === undefined ? {} : { change: raw.change }),
  };
}

function checkConfig(path: string, name: string, place: Place): void {
  if (!existsSync(path)) {
    place.complain(`there is no file ${quoted(name)} (relative to this file)`);
    return;
  }
  try {
    checkTemplate(path);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    place.complain(error.message);
  }
}

function readyOf({ ready }: RawDirector, place: Place): Ready | undefined {
  if (ready?.log === undefined) return ready as Ready | undefined;
  try {
    return { log: new RegExp(ready.log, "m") };
  } catch (error) {
    place.at("log").complain((error as Error).message);
    return undefined;
  }
}

function checkDeviations(deviations: Readonly<Record<string, string>>, place: Place): void {
  const ids = catalogue.map((rule) => rule.id);
  for (const id of Object.keys(deviations))
    if (ruleById(id) === undefined)
      place.at(id).complainOfKey(`the catalogue has no rule ${quoted(id)}${suggestion(id, ids)}`);
}

/** The features that it has not, each with the reason: those that its file names, or all that it does not name. */
function lacksOf({ start, change, lacks = {}, supports }: RawDirector, place: Place): Readonly<Record<string, string>> {
  const complain = (feature: string, at: Place, complaint: "complain" | "complainOfKey") =>
    FEATURES.includes(feature) || at[complaint](`unknown feature ${quoted(feature)}${suggestion(feature, FEATURES)}`);
  for (const feature of Object.keys(lacks)) complain(feature, place.at("lacks", feature), "complainOfKey");
  for (const [index, feature] of (supports ?? []).entries()) complain(feature, place.at("supports", index), "complain");
  if (supports !== undefined && Object.keys(lacks).length > 0)
    place.at("supports").complainOfKey("`supports` names all that it has: nothing is left for `lacks`");
  const others = FEATURES.filter((feature) => supports?.includes(feature) === false);
  return {
    ...Object.fromEntries(others.map((feature) => [feature, "not among what its file says that it supports"])),
    ...(start !== undefined && change === undefined ? { [CHANGE]: "its file has no `change`" } : {}),
    ...lacks,
  };
}

const CHANGE = "change-servers";

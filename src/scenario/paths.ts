import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { pcapFlaw } from "../capture/pcap.js";
import type { Place } from "./source.js";
import { quoted, suggestion } from "./suggest.js";

/** The part of the file system that a scenario may name files of. */
export interface Tree {
  /** The scenario's folder: what its paths are relative to. */
  readonly folder: string;
  /** The nearest folder above with a package.json or .git, else the scenario's own. */
  readonly root: string;
}

/** The folders of the setups and directors that come with hopcheck. */
const BUNDLED_SETUPS = join(packageFolder(), "fixtures", "setups");
const BUNDLED_DIRECTORS = join(packageFolder(), "fixtures", "directors");

export function treeOf(file: string): Tree {
  const folder = realpathSync(dirname(resolve(file)));
  return { folder, root: nearestAbove(folder, isProject) ?? folder };
}

/** The file of a setup that a scenario names: a bundled one, or a YAML file of the project. */
export function setupPath(name: string, place: Place, tree: Tree): string | undefined {
  if (isPath(name)) return insideTree(name, place, tree);
  const known = bundledSetups();
  if (known.includes(name)) return join(BUNDLED_SETUPS, `${name}.yaml`);
  const here = existsSync(join(tree.folder, `${name}.yaml`))
    ? `; for the file beside this one write ${quoted(`${name}.yaml`)}`
    : "";
  place.complain(`there is no setup ${quoted(name)}${here || suggestion(name, known)}`);
  return undefined;
}

/** The names of the setups that come with hopcheck. */
export function bundledSetups(): string[] {
  return namesIn(BUNDLED_SETUPS);
}

/** The names of the directors that come with hopcheck. */
export function bundledDirectors(): string[] {
  return namesIn(BUNDLED_DIRECTORS);
}

/** The file of a director that a user names: a bundled one, or a path; undefined where there is no such name. */
export function directorPath(name: string): string | undefined {
  if (isPath(name)) return name;
  return bundledDirectors().includes(name) ? join(BUNDLED_DIRECTORS, `${name}.yaml`) : undefined;
}

/** Whether a path is meant, and not the name of something bundled. */
function isPath(name: string): boolean {
  return /[/\\]|\.ya?ml$/.test(name);
}

/** The names of the YAML files in a folder. */
function namesIn(folder: string): string[] {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/** The absolute path of a capture of the project that can be sent. */
export function capturePath(name: string, place: Place, tree: Tree): string | undefined {
  const file = insideTree(name, place, tree);
  const flaw = file === undefined ? undefined : pcapFlaw(file);
  if (flaw === undefined) return file;
  place.complain(`${quoted(name)} is ${flaw}`);
  return undefined;
}

/** Scenario files are untrusted: what they name must be a file of their own project, links followed. */
function insideTree(name: string, place: Place, tree: Tree): string | undefined {
  if (isAbsolute(name) || /^[A-Za-z]:|\\|\0/.test(name)) {
    place.complain(`${quoted(name)} must be a path relative to this file, with / between folders`);
    return undefined;
  }
  const path = resolve(tree.folder, name);
  const outside = `${quoted(name)} leads out of the project`;
  if (!isWithin(path, tree.root)) {
    place.complain(outside);
    return undefined;
  }
  if (!existsSync(path)) {
    place.complain(`there is no file ${quoted(name)} (relative to this file)`);
    return undefined;
  }
  const real = realpathSync(path);
  if (isWithin(real, realpathSync(tree.root)) && statSync(real).isFile()) return real;
  place.complain(isWithin(real, realpathSync(tree.root)) ? `${quoted(name)} is not a file` : outside);
  return undefined;
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function isProject(folder: string): boolean {
  return existsSync(join(folder, "package.json")) || existsSync(join(folder, ".git"));
}

/** hopcheck's own folder, from wherever it was compiled to. */
function packageFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return nearestAbove(here, (folder) => existsSync(join(folder, "fixtures", "setups"))) ?? here;
}

function nearestAbove(start: string, matches: (folder: string) => boolean): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    if (matches(folder)) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

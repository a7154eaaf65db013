import type { Director } from "../director/director.js";
import { drivers } from "../director/drivers.js";
import { catalogue, ruleById } from "../forwarding/catalogue.js";
import { FEATURES } from "./features.js";
import { open } from "./load.js";
import { directorShape } from "./schema.js";
import { quoted, suggestion } from "./suggest.js";

/** Reads and checks a director's file, and finds what starts the director; throws a `ScenarioError`. */
export function loadDirector(file: string): Director {
  const source = open(file);
  const { name, models, deviations = {}, lacks = {} } = directorShape(source);
  const driver = Object.hasOwn(drivers, name) ? drivers[name] : undefined;
  if (driver === undefined)
    source.root
      .at("name")
      .complain(`no director ${quoted(name)} can be started${suggestion(name, Object.keys(drivers))}`);
  for (const id of Object.keys(deviations))
    if (ruleById(id) === undefined) {
      const ids = catalogue.map((rule) => rule.id);
      source.root.at("deviations", id).complainOfKey(`the catalogue has no rule ${quoted(id)}${suggestion(id, ids)}`);
    }
  for (const feature of Object.keys(lacks))
    if (!FEATURES.includes(feature))
      source.root
        .at("lacks", feature)
        .complainOfKey(`unknown feature ${quoted(feature)}${suggestion(feature, FEATURES)}`);
  source.throwProblems();
  const { start, places } = driver as Director;
  return { name, models, deviations, lacks, start, places };
}

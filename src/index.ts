/** What a scenario written in TypeScript imports from `hopcheck`. */
import { use } from "chai";
import { obeying } from "./scenario/obey.js";
// So that the declarations, too, bring chai's `obey` with them.
import "./scenario/obey.js";

use(obeying);

export { expect } from "chai";
export type { Evidence } from "./forwarding/evidence.js";
export type { Journey, Sighting } from "./forwarding/journey.js";
export type { ScriptedLab } from "./scenario/scenario.js";
export { type ScriptDeclaration, scenario } from "./scenario/script.js";

import type { Director } from "./director.js";
import { ipvs } from "./ipvs.js";
import { reference } from "./reference.js";

/** The directors that hopcheck knows by name. */
export const knownDirectors: readonly Director[] = [ipvs, reference];

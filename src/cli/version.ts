import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The version in package.json. */
export const version: string = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;

/** The cases that come with hopcheck. */
export const bundledCases: string = fileURLToPath(new URL("../../cases/", import.meta.url));

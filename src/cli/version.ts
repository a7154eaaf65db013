import { readFileSync } from "node:fs";

/** The version in package.json. */
export const version: string = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;

/** The cases that come with hopcheck. */
export const bundledCases: string = new URL("../../cases/", import.meta.url).pathname;

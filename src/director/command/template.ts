import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Liquid } from "liquidjs";
import type { DirectorView } from "./view.js";

/** Loaded for the first template: it takes a tenth of a second, and most directors have none. */
const library = () => createRequire(import.meta.url)("liquidjs") as typeof import("liquidjs");

let known: Liquid | undefined;

function liquid(): Liquid {
  const { Liquid } = library();
  known ??= new Liquid({
    // A name that stands for nothing is a mistake, and no empty word in a configuration.
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    // It sees what it is given, and reads no files.
    relativeReference: false,
    root: [],
  });
  return known;
}

/** A template that cannot be rendered: the file, and where in it. */
export class TemplateError extends Error {
  override name = "TemplateError";
}

/** A configuration from its template (https://liquidjs.com: `{{ services[0].vip }}`, `{% for … %}`). @throws TemplateError */
export function render(file: string, view: DirectorView): string {
  return attempt(file, (text) => liquid().parseAndRenderSync(text, view));
}

/** Finds what is wrong with a template whatever it is rendered with. @throws TemplateError */
export function checkTemplate(file: string): void {
  attempt(file, (text) => liquid().parse(text));
}

function attempt<T>(file: string, action: (text: string) => T): T {
  try {
    return action(readFileSync(file, "utf8"));
  } catch (error) {
    const { message } = error as Error;
    const { LiquidError } = library();
    if (!(error instanceof LiquidError)) throw new TemplateError(`${file}: ${message}`);
    const [line, column] = error.token.getPosition();
    const what = message.replace(/, (?:file:.*, )?line:\d+, col:\d+$/s, "");
    throw new TemplateError(`${file}:${line}:${column}: ${what}`);
  }
}

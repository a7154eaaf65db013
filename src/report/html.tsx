import { renderToStaticMarkup } from "preact-render-to-string";
import { Page } from "./page.js";
import type { RunResult } from "./result.js";
import { allVisible } from "./visible.js";

/**
 * The result as one HTML page that needs nothing else: no network, no script.
 * Text from packets and files is shown, never obeyed: preact escapes markup, `allVisible` what a browser does not show.
 */
export function renderHtml(result: RunResult): string {
  return `<!doctype html>\n${renderToStaticMarkup(<Page result={allVisible(result)} />)}\n`;
}

/**
 * Markdown as GitHub shows it, of texts that may come from anywhere.
 *
 * Every text stands in a code element: there GitHub makes no links of addresses, and no mentions of names. What means
 * something in Markdown or HTML is written as a character reference, which both take for a character and nothing else.
 */

import { visible } from "./visible.js";

/** A text within a line, a table's cell or a heading. */
export function code(text: string): string {
  return `<code>${references(visible(text))}</code>`;
}

/** Lines as they are, in a block that a click opens. `summary` is Markdown's HTML already. */
export function fold(summary: string, lines: readonly string[]): string {
  // Up to a blank line all of it is HTML, in which Markdown looks for nothing.
  const text = lines.map((line) => (line === "" ? "&nbsp;" : escapeHtml(visible(line))));
  return `<details><summary>${summary}</summary>\n<pre>${text.join("\n")}</pre>\n</details>\n`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

/** All that Markdown may take for something in the middle of a line, with what addresses and mentions are made of. */
const MEANINGFUL = /[!"#$%&'()*+.:<>?@[\\\]^_`{|}~]/g;

function references(text: string): string {
  return text.replace(MEANINGFUL, (character) => `&#${character.charCodeAt(0)};`);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

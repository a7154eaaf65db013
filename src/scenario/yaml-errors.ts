import type { ErrorCode } from "yaml";

/** What the YAML library's errors mean for somebody who writes a scenario; the rest keep its own words. */
const MEANINGS: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: "a tab indents this line; YAML wants spaces",
  MULTIPLE_DOCS: "a second document (`---`) begins here; a scenario is a file of its own",
  BAD_ALIAS: "this alias has no anchor (`&name`) before it; text that begins with * needs quotes",
  TAG_RESOLVE_FAILED: "tags (`!name`) mean nothing in a scenario; text that begins with ! needs quotes",
  BAD_DQ_ESCAPE: "this escape does not exist in \"…\" text; write \\\\ for a backslash, or use '…'",
  BAD_SCALAR_START: "text cannot begin with this character; put it in quotes",
  BAD_INDENT: "this line is indented differently from the lines that it belongs to",
  BLOCK_AS_IMPLICIT_KEY:
    "a mapping cannot begin on the same line here; put text with `: ` in quotes, or a key on a line of its own",
  MULTILINE_IMPLICIT_KEY: "a key cannot go over several lines; is a `:` missing?",
};

/** A YAML error in plain words; `atEnd`: behind it the file has nothing more. */
export function yamlMessage(code: ErrorCode, original: string, atEnd: boolean): string {
  if (atEnd && (code === "BAD_INDENT" || code === "MISSING_CHAR")) {
    return "the file ends here, but a `{`, `[` or quote that was opened before is not closed";
  }
  return MEANINGS[code] ?? `this is not sound YAML: ${original.charAt(0).toLowerCase()}${original.slice(1)}`;
}

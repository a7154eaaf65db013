import { Document, isCollection, isDocument, isMap, isNode, isScalar, isSeq, visit } from "yaml";
import type { RawScenario } from "../raw.js";

/** A comment for the reader of a scenario. */
export interface Note {
  /** The key that it stands before; empty: the scenario's beginning. */
  readonly path: readonly string[];
  readonly lines: readonly string[];
}

/** What stands on one line, and lists each of whose items does. */
const ON_ONE_LINE = [
  "send",
  "answer",
  "ask",
  "forget",
  "client",
  "covers",
  "tunnel",
  "persistence",
  "schedulerFlags",
  "sysctl",
  "neighbours",
];
const LINE_BY_LINE = ["realServers", "interfaces"];

/** A scenario as people write it: a line for each step, and for each real server. */
export function scenarioText(scenario: RawScenario, notes: readonly Note[]): string {
  const document = new Document(scenario, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      // Folded over several lines, text with line ends of its own can be read by nobody.
      if (typeof node.value === "string" && /[\r\n]/.test(node.value)) node.type = "QUOTE_DOUBLE";
    },
    Pair(_, { key, value }) {
      const name = isScalar(key) ? String(key.value) : "";
      if (ON_ONE_LINE.includes(name) && isCollection(value)) value.flow = true;
      if (!LINE_BY_LINE.includes(name) || !isSeq(value)) return;
      for (const item of value.items) if (isCollection(item)) item.flow = true;
    },
  });
  for (const { path, lines } of notes) {
    const comment = lines.map((line) => ` ${line}`).join("\n");
    const holder = document.getIn(path.slice(0, -1), true);
    const pair = isMap(holder) ? holder.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined;
    const key = path.length === 0 ? document : pair?.key;
    if (isNode(key) || isDocument(key)) key.commentBefore = [key.commentBefore ?? [], comment].flat().join("\n");
  }
  return document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER });
}

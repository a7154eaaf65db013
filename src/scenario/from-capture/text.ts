import { Document, isCollection, isScalar, isSeq, visit } from "yaml";
import type { RawScenario } from "../raw.js";

/** What stands on one line, and lists each of whose items does. */
const ON_ONE_LINE = ["send", "answer", "ask", "client", "covers", "tunnel", "persistence", "schedulerFlags"];
const LINE_BY_LINE = ["realServers", "interfaces"];

/** A scenario as people write it: a line for each step, and for each real server. */
export function scenarioText(scenario: RawScenario): string {
  const document = new Document(scenario, { aliasDuplicateObjects: false });
  visit(document, {
    Pair(_, { key, value }) {
      const name = isScalar(key) ? String(key.value) : "";
      if (ON_ONE_LINE.includes(name) && isCollection(value)) value.flow = true;
      if (!LINE_BY_LINE.includes(name) || !isSeq(value)) return;
      for (const item of value.items) if (isCollection(item)) item.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** What the page shows, as the hash of its address says it: it can be bookmarked, linked to and gone back from. */

import type { Verdict } from "../result.js";

/** Which scenarios the overview lists; left out: all of them. */
export interface Filter {
  readonly status: readonly Verdict[];
  /** A model that was declared or seen. */
  readonly model?: string;
  /** The ID of a rule that was exercised. */
  readonly rule?: string;
  readonly text?: string;
}

export type Route =
  | { readonly view: "overview"; readonly filter: Filter }
  | { readonly view: "rules" }
  | { readonly view: "rule"; readonly rule: string }
  | ({ readonly view: "scenario"; readonly scenario: number } & Spot);

/** What is looked at in a scenario: indices, and a field's name. */
export interface Spot {
  readonly finding?: number;
  readonly journey?: number;
  readonly hop?: number;
  readonly field?: string;
}

const VERDICTS: readonly Verdict[] = ["fail", "inconclusive", "not-supported", "pass"];

export const NO_FILTER: Filter = { status: [] };
export const OVERVIEW: Route = { view: "overview", filter: NO_FILTER };

/** Reads the hash; one that nobody wrote shows the overview. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view, name] = path.split("/", 2);
  const words = new URLSearchParams(query);
  if (view === "rules") return { view: "rules" };
  if (view === "rule" && name) return { view: "rule", rule: decoded(name) };
  const scenario = position(name);
  if (view === "scenario" && scenario !== undefined) return { view: "scenario", scenario, ...spotOf(words) };
  return { view: "overview", filter: filterOf(words) };
}

/** The hash that `parseRoute` reads. */
export function href(route: Route): string {
  switch (route.view) {
    case "rules":
      return "#/rules";
    case "rule":
      return `#/rule/${encodeURIComponent(route.rule)}`;
    case "scenario": {
      const { finding, journey, hop, field } = route;
      const numbers = Object.entries({ finding, journey, hop }).flatMap(([key, index]) =>
        index === undefined ? [] : [[key, String(index + 1)]],
      );
      return `#/scenario/${route.scenario + 1}${queryOf([...numbers, ...(field === undefined ? [] : [["field", field]])])}`;
    }
    case "overview": {
      const { status, ...others } = route.filter;
      const words = Object.entries(others).filter(([, value]) => value !== undefined && value !== "");
      return `#/${queryOf([...(status.length === 0 ? [] : [["status", status.join(",")]]), ...words])}`;
    }
  }
}

function queryOf(entries: readonly (readonly string[])[]): string {
  const query = new URLSearchParams(entries.map(([key = "", value = ""]) => [key, value]));
  return entries.length === 0 ? "" : `?${query}`;
}

function filterOf(words: URLSearchParams): Filter {
  const given = words.get("status")?.split(",") ?? [];
  const [model, rule, text] = ["model", "rule", "text"].map((name) => words.get(name) || undefined);
  return {
    status: VERDICTS.filter((verdict) => given.includes(verdict)),
    ...(model === undefined ? {} : { model }),
    ...(rule === undefined ? {} : { rule }),
    ...(text === undefined ? {} : { text }),
  };
}

function spotOf(words: URLSearchParams): Spot {
  const numbers = ["finding", "journey", "hop"].flatMap((name) => {
    const index = position(words.get(name) ?? "");
    return index === undefined ? [] : [[name, index]];
  });
  const field = words.get("field");
  return { ...Object.fromEntries(numbers), ...(field === null ? {} : { field }) };
}

/** An index, of a number that counts from 1. */
function position(text = ""): number | undefined {
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) - 1 : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

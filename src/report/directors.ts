import { catalogue } from "../forwarding/catalogue.js";
import { type Side, sideOf } from "./compare.js";
import type { DirectorResult, FindingResult, RunResult } from "./result.js";
import { declaredIn, worstOfRules } from "./tally.js";

/** Rules by director. */
export interface Matrix {
  readonly sides: readonly MatrixSide[];
  readonly rows: readonly MatrixRow[];
}

export interface MatrixSide extends Side, Pick<DirectorResult, "models" | "lacks"> {
  /** What it breaks on purpose, with the reasons: rules, and assertions of scenarios for which it excuses itself. */
  readonly deviations: ReturnType<typeof declaredIn>;
}

export interface MatrixRow extends Pick<FindingResult, "rule" | "title" | "level" | "profile"> {
  /** By side: the worst that was found; null where no scenario of it judged the rule. */
  readonly cells: readonly (Cell | null)[];
}

export type Cell = Pick<FindingResult, "status" | "reason" | "expected" | "observed">;

/** Holds what several directors were found to do against each other, in the order of the catalogue. */
export function matrixOf(sides: readonly (Side & RunResult)[]): Matrix {
  const found = sides.map(({ scenarios }) => worstOfRules(scenarios));
  const known = new Set(found.flatMap((rules) => [...rules.keys()]));
  const listed = catalogue.map(({ id }) => id).filter((id) => known.has(id));
  const ids = [...listed, ...[...known].filter((id) => !listed.includes(id))];
  return {
    sides: sides.map(matrixSide),
    rows: ids.map((id) => {
      const findings = found.map((rules) => rules.get(id));
      const { rule, title, level, profile } = findings.find((finding) => finding !== undefined) as FindingResult;
      return { rule, title, level, profile, cells: findings.map(cellOf) };
    }),
  };
}

function matrixSide(side: Side & RunResult): MatrixSide {
  const { models, lacks } = side.director ?? {};
  return {
    ...sideOf(side),
    ...(models === undefined ? {} : { models }),
    ...(lacks === undefined ? {} : { lacks }),
    deviations: declaredIn(side.scenarios),
  };
}

function cellOf(finding: FindingResult | undefined): Cell | null {
  if (finding === undefined) return null;
  const { status, reason, expected, observed } = finding;
  return {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(expected === undefined ? {} : { expected }),
    ...(observed === undefined ? {} : { observed }),
  };
}

/** The rules that are not the same, and good, everywhere: those that a reader looks for. */
export function telling({ rows }: Matrix): readonly MatrixRow[] {
  return rows.filter(({ cells }) => cells.some((cell) => cell?.status !== "pass"));
}

import { groupBy } from "../forwarding/group.js";
import { matrixText } from "./compare-text.js";
import type { Matrix, MatrixRow, MatrixSide } from "./directors.js";
import { renderDocument, Section } from "./document.js";
import { count, directorName, directorPlace, duration, STATUS_WORDS, VERDICT_WORDS } from "./format.js";
import { Badge } from "./html/badge.js";
import { isAssertion, STATUSES } from "./tally.js";
import { allVisible } from "./visible.js";

/** Rules by director as a page of its own: no network, no script. */
export function matrixHtml(matrix: Matrix): string {
  const { sides, rows } = allVisible(matrix);
  const names = sides.map(nameOf);
  return renderDocument(
    names.join(", "),
    <main>
      <h1 class="verdict">director against director</h1>
      <p class="lede">{matrixText(matrix)}</p>
      <Directors sides={sides} rows={rows} />
      <Section title="Rules by director" kind="matrix" head={["Rule", ...names]}>
        {rows.map((row) => (
          <RuleRow key={row.rule} row={row} sides={sides} />
        ))}
      </Section>
      <Deviations sides={sides} />
      <Lacking sides={sides} />
    </main>,
  );
}

function nameOf({ director }: MatrixSide): string {
  return director?.name ?? "captures";
}

/** How many rules ended how with each. */
function Directors({ sides, rows }: Pick<Matrix, "sides" | "rows">) {
  const ended = (index: number, status: (typeof STATUSES)[number] | undefined) =>
    rows.filter(({ cells }) => cells[index]?.status === status).length;
  const statuses = [...STATUSES, undefined].filter((status) => sides.some((_, index) => ended(index, status) > 0));
  const words = statuses.map((status) => (status === undefined ? "not judged" : STATUS_WORDS[status].word));
  return (
    <Section
      title={`The directors, and their ${count(rows.length, "rule")}`}
      kind="matrix"
      head={["Director", "Models", ...words, "Run"]}
    >
      {sides.map((side, index) => (
        <tr key={side.name}>
          <th scope="row">
            {side.director === undefined ? nameOf(side) : directorName(side.director)}
            <span class="file">
              {side.director === undefined ? "captures of a network" : directorPlace(side.director)}
            </span>
          </th>
          <td>{side.models?.map((model) => model.toUpperCase()).join(", ")}</td>
          {statuses.map((status) => (
            <td key={status} class={ended(index, status) === 0 ? "quiet" : status}>
              {ended(index, status)}
            </td>
          ))}
          <td>
            <Badge status={side.verdict} word={VERDICT_WORDS[side.verdict]} /> in {duration(side.durationMs)}
            <span class="file">
              hopcheck {side.tool.version}, {side.startedAt}
              <br />
              <code>{side.name}</code>
            </span>
          </td>
        </tr>
      ))}
    </Section>
  );
}

interface RuleRowProps {
  readonly row: MatrixRow;
  readonly sides: readonly MatrixSide[];
}

function RuleRow({ row: { rule, title, level, profile, cells }, sides }: RuleRowProps) {
  return (
    <tr>
      <th scope="row">
        <code>{rule}</code> {title}
        <span class="file">
          {level} · {profile}
        </span>
      </th>
      {cells.map((cell, index) => {
        const deviation = sides[index]?.deviations.findIndex((one) => one.rule === rule) ?? -1;
        return (
          <td key={index} class={cell === null ? "quiet" : ""}>
            {cell === null && "not judged"}
            {cell?.status === "declared" && deviation >= 0 ? (
              <a href={`#${anchor(index, deviation)}`}>
                <Badge status="declared" />
              </a>
            ) : (
              cell !== null && <Badge status={cell.status} />
            )}
            {cell?.status === "fail" && cell.observed !== undefined && (
              <span class="file">observed {cell.observed}</span>
            )}
          </td>
        );
      })}
    </tr>
  );
}

/** Where a reason stands, for the cells that lead there. */
function anchor(side: number, deviation: number): string {
  return `deviation-${side + 1}-${deviation + 1}`;
}

function Deviations({ sides }: Pick<Matrix, "sides">) {
  if (sides.every(({ deviations }) => deviations.length === 0)) return null;
  return (
    <Section
      title="Declared: what a director's file says it does differently"
      kind="matrix"
      head={["Rule", "Director", "Reason"]}
    >
      {sides.flatMap((side, index) =>
        side.deviations.map(({ rule, reason }, deviation) => (
          <tr key={anchor(index, deviation)} id={anchor(index, deviation)}>
            <th scope="row">{isAssertion({ rule }) ? rule : <code>{rule}</code>}</th>
            <td>{nameOf(side)}</td>
            <td>{reason}</td>
          </tr>
        )),
      )}
    </Section>
  );
}

/** What was not asked of a director, by the reason. */
function Lacking({ sides }: Pick<Matrix, "sides">) {
  const rows = sides.flatMap((side) =>
    [...groupBy(Object.entries(side.lacks ?? {}), ([, reason]) => reason)].map(([reason, features]) => ({
      name: nameOf(side),
      reason,
      features: features.map(([feature]) => feature).join(", "),
    })),
  );
  if (rows.length === 0) return null;
  return (
    <Section
      title="Not supported: what a director has not, by its file"
      kind="matrix"
      head={["Features", "Director", "Reason"]}
    >
      {rows.map(({ name, reason, features }) => (
        <tr key={`${name} ${reason}`}>
          <th scope="row">{features}</th>
          <td>{name}</td>
          <td>{reason}</td>
        </tr>
      ))}
    </Section>
  );
}

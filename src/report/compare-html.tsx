import type { ComponentChildren } from "preact";
import type { Change, Comparison, ScenarioName, Side } from "./compare.js";
import { matrixText, placesOf, SLOWER_TEXT, sectionsOf, sideText, totalsOf, wayOf } from "./compare-text.js";
import type { Matrix, MatrixRow } from "./directors.js";
import { renderDocument } from "./document.js";
import { duration, STATUS_WORDS } from "./format.js";
import { Badge } from "./html/badge.js";
import { allVisible } from "./visible.js";

/** A comparison as a page of its own: no network, no script. */
export function comparisonHtml(comparison: Comparison): string {
  const { before, after, slower, added, vanished, ...rest } = allVisible(comparison);
  const sections = sectionsOf({ before, after, slower, added, vanished, ...rest });
  const isBroken = rest.broke.length > 0;
  return renderDocument(
    isBroken ? "something broke" : "nothing broke",
    <main>
      <h1 class={`verdict ${isBroken ? "fail" : "pass"}`}>{isBroken ? "something broke" : "nothing broke"}</h1>
      <Sides sides={[before, after]} names={["Before", "After"]} />
      <dl class="counts" aria-label="What changed">
        {totalsOf(comparison).map(([what, number]) => (
          <div key={what} class={number === 0 ? "none" : ""}>
            <dt>{what}</dt>
            <dd class={what === "broke" ? "fail" : what === "mended" ? "pass" : "inconclusive"}>{number}</dd>
          </div>
        ))}
      </dl>
      {sections.map(({ title, tone, changes }) => (
        <Section key={title} title={`${STATUS_WORDS[tone].sign} ${title}`} head={["Rule", "Change"]}>
          {changes.map((change) => (
            <ChangeRow key={`${change.rule} ${wayOf(change)}`} change={change} />
          ))}
        </Section>
      ))}
      {slower.length > 0 && (
        <Section title={`Slower: ${SLOWER_TEXT}`} head={["Scenario", "Before", "After"]}>
          {slower.map((one) => (
            <tr key={`${one.file} ${one.title}`}>
              <th scope="row">
                <Name scenario={one} />
              </th>
              <td>{duration(one.beforeMs)}</td>
              <td>{duration(one.afterMs)}</td>
            </tr>
          ))}
        </Section>
      )}
      <Scenarios title="New scenarios" scenarios={added} />
      <Scenarios title="Vanished scenarios" scenarios={vanished} />
    </main>,
  );
}

function ChangeRow({ change }: { readonly change: Change }) {
  const { rule = "problem", title, finding } = change;
  const outcome = finding?.status === "fail" ? finding : undefined;
  return (
    <tr>
      <th scope="row">
        <code>{rule}</code> {title}
        {placesOf(change, 8).map((place) => (
          <span key={place} class="file">
            in {place}
          </span>
        ))}
        {outcome?.expected !== undefined && <span class="file">expected {outcome.expected}</span>}
        {outcome?.observed !== undefined && <span class="file">observed {outcome.observed}</span>}
        {outcome?.suspect !== undefined && <span class="file">suspect {outcome.suspect}</span>}
      </th>
      <td>{wayOf(change)}</td>
    </tr>
  );
}

function Name({ scenario: { title, file } }: { readonly scenario: ScenarioName }) {
  return (
    <div>
      {title} <code class="file">{file}</code>
    </div>
  );
}

function Scenarios({ title, scenarios }: { readonly title: string; readonly scenarios: readonly ScenarioName[] }) {
  if (scenarios.length === 0) return null;
  return (
    <Section title={title} head={["Scenario", "Verdict"]}>
      {scenarios.map((scenario) => (
        <tr key={`${scenario.file} ${scenario.title}`}>
          <th scope="row">
            <Name scenario={scenario} />
          </th>
          <td>
            <Badge status={scenario.verdict} />
          </td>
        </tr>
      ))}
    </Section>
  );
}

interface SectionProperties {
  readonly title: string;
  readonly head: readonly string[];
  readonly children: ComponentChildren;
}

function Section({ title, head, children }: SectionProperties) {
  return (
    <section class="overview">
      <h2>{title}</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              {head.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
    </section>
  );
}

function Sides({ sides, names }: { readonly sides: readonly Side[]; readonly names: readonly string[] }) {
  return (
    <dl class="facts">
      {sides.map((side, index) => (
        <div key={side.name}>
          <dt>{names[index]}</dt>
          <dd>
            <code>{side.name}</code>
            <br />
            {sideText(side)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Rules by director as a page of its own: no network, no script. */
export function matrixHtml(matrix: Matrix): string {
  const { sides, rows } = allVisible(matrix);
  const names = sides.map(({ director }) => director?.name ?? "captures");
  return renderDocument(
    names.join(", "),
    <main>
      <h1 class="verdict">director against director</h1>
      <p class="lede">{matrixText(matrix)}</p>
      <Sides sides={sides} names={names} />
      <Section title="Rules by director" head={["Rule", ...names]}>
        {rows.map((row) => (
          <DirectorsRow key={row.rule} row={row} />
        ))}
      </Section>
    </main>,
  );
}

function DirectorsRow({ row: { rule, title, level, profile, cells } }: { readonly row: MatrixRow }) {
  return (
    <tr>
      <th scope="row">
        <code>{rule}</code> {title}
        <span class="file">
          {level} · {profile}
        </span>
      </th>
      {cells.map((cell, index) => (
        <td key={index} class={cell === null ? "quiet" : ""}>
          {cell === null ? "not judged" : <Badge status={cell.status} />}
          {cell?.reason !== undefined && <span class="file">{cell.reason}</span>}
          {cell?.status === "fail" && cell.observed !== undefined && <span class="file">observed {cell.observed}</span>}
        </td>
      ))}
    </tr>
  );
}

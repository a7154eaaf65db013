import type { Change, Comparison, ScenarioName, Side } from "./compare.js";
import { placesOf, SLOWER_TEXT, sectionsOf, sideText, totalsOf, wayOf } from "./compare-text.js";
import { renderDocument, Section } from "./document.js";
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

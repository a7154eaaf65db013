import { count } from "../format.js";
import { isAssertion } from "../tally.js";
import { shortened } from "../visible.js";
import { Sign } from "./badge.js";
import { Command } from "./copy.js";
import type { Broken, PageData } from "./data.js";
import { href, NO_FILTER } from "./route.js";

/** Characters of what was expected or observed: the scenario has it whole. */
const LONGEST = 240;

/** What a reader came for: each thing that is wrong, who does it, and what to type. */
export function BrokenList({ data }: { readonly data: PageData }) {
  return (
    <section class="broken" aria-labelledby="broken">
      <h2 id="broken">{data.verdict === "fail" ? "What is broken" : "What is not settled"}</h2>
      <ol>
        {data.broken.map((broken, index) => (
          <Item key={index} broken={broken} data={data} />
        ))}
      </ol>
      {data.brokenLeftOut > 0 && <p class="quiet">{data.brokenLeftOut} more: the scenarios below have them.</p>}
    </section>
  );
}

function Item({ broken, data }: { readonly broken: Broken; readonly data: PageData }) {
  const { finding, scenario, at, scenarios } = broken;
  const { rule, status, level, title, suspect, expected, observed, lookedFor } = finding;
  const cause = finding.causes[0];
  return (
    <li class={status}>
      <h3>
        <Sign status={status} /> {rule !== undefined && <RuleName rule={rule} />}{" "}
        <a href={href({ view: "scenario", scenario, ...(at === undefined ? {} : { finding: at }) })}>{title}</a>
      </h3>
      <p class="quiet">
        {level !== undefined && <>{level} · </>}
        {suspect !== undefined && (
          <>
            at fault: <strong>{suspect}</strong> ·{" "}
          </>
        )}
        {scenarios === 1 || rule === undefined ? (
          <>in {shortened(data.scenarios[scenario]?.title ?? "", 90)}</>
        ) : (
          <a href={href({ view: "overview", filter: { ...NO_FILTER, rule } })}>in {count(scenarios, "scenario")}</a>
        )}
      </p>
      <dl class="versus">
        {expected !== undefined && (
          <div>
            <dt>Expected</dt>
            <dd>{shortened(expected, LONGEST)}</dd>
          </div>
        )}
        {observed !== undefined && (
          <div class="observed">
            <dt>Observed</dt>
            <dd>{shortened(observed, LONGEST)}</dd>
          </div>
        )}
        {observed === undefined && lookedFor !== undefined && (
          <div>
            <dt>Looked for, not found</dt>
            <dd>{shortened(lookedFor, LONGEST)}</dd>
          </div>
        )}
      </dl>
      {cause !== undefined && <p class="cause">{cause.text}</p>}
      {cause?.fix !== undefined && <Command label="Mend" command={cause.fix} on={cause.on} />}
    </li>
  );
}

/** A rule's ID, which leads to its text; an assertion of the scenario's author is in no catalogue. */
export function RuleName({ rule }: { readonly rule: string }) {
  return isAssertion({ rule }) ? (
    <span class="rule">{rule}</span>
  ) : (
    <a class="rule" href={href({ view: "rule", rule })}>
      {rule}
    </a>
  );
}

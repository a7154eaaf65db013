import { useEffect, useState } from "preact/hooks";
import { count, directorName, directorPlace, duration, models, VERDICT_WORDS } from "../format.js";
import { tallyScenarios } from "../tally.js";
import { Badge } from "./badge.js";
import { BrokenList } from "./broken.js";
import { Counts } from "./counts.js";
import type { PageData } from "./data.js";
import { matching } from "./filter.js";
import { Filters } from "./filters.js";
import { type Filter, href } from "./route.js";

interface OverviewProps {
  readonly data: PageData;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

/** The verdict, what is broken, and the list of scenarios. */
export function Overview({ data, filter, onFilter }: OverviewProps) {
  const shown = matching(data, filter);
  return (
    <>
      <Head data={data} />
      {data.broken.length > 0 && <BrokenList data={data} />}
      <Counts rules={data.rules} />
      <section class="list" aria-labelledby="scenarios">
        <h2 id="scenarios" tabIndex={-1}>
          Scenarios
        </h2>
        <Filters data={data} filter={filter} shown={shown.length} onFilter={onFilter} />
        <ScenarioList data={data} shown={shown} />
      </section>
    </>
  );
}

function Head({ data }: { readonly data: PageData }) {
  const { verdict, director, startedAt, durationMs, score } = data;
  const seen = [
    ...new Set(
      data.scenarios.flatMap((scenario) => models({ ...scenario.models, observed: scenario.models.declared })),
    ),
  ];
  return (
    <header class="head">
      <h1 class={`verdict ${verdict}`} tabIndex={-1}>
        <Badge status={verdict} word={VERDICT_WORDS[verdict]} />
      </h1>
      <p class="lede">{lede(data)}</p>
      <dl class="facts">
        <Fact name="Director">{director ? directorName(director) : "none: captures were judged"}</Fact>
        {director && <Fact name="Forwarding in">{directorPlace(director)}</Fact>}
        {seen.length > 0 && <Fact name={seen.length === 1 ? "Model" : "Models"}>{seen.join(", ")}</Fact>}
        <Fact name="Started">
          <time dateTime={startedAt}>{startedAt.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")}</time>
        </Fact>
        <Fact name="Took">{duration(durationMs)}</Fact>
        <Fact name="Fault score">
          <span title={`The suite is proven itself: ${score.text}.`}>
            {score.exact} of {score.faults} blamed exactly
          </span>
        </Fact>
      </dl>
    </header>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The verdict's reason in a sentence. */
function lede({ verdict, scenarios, rules }: PageData): string {
  const tally = tallyScenarios(scenarios);
  const left = tally["not-supported"];
  const run = scenarios.length - left;
  const others = left === 0 ? "" : ` Not run: ${count(left, "scenario")} that the director does not support.`;
  const rulesThat = (status: string) => rules.filter((rule) => rule.status === status).length;
  if (run === 0) return `No scenario was run, and no traffic never passes.${others}`;
  if (verdict === "pass")
    return `${count(rulesThat("pass"), "rule")} held in ${count(run, "scenario")}, and none was violated.${others}`;
  if (verdict === "inconclusive")
    return `Nothing was violated, but ${tally.inconclusive} of ${count(run, "scenario")} could not be settled.${others}`;
  const failed = `${tally.fail} of ${count(run, "scenario")} failed`;
  const violated = rulesThat("fail");
  return violated > 0
    ? `${count(violated, "rule")} violated: ${failed}.${others}`
    : `${failed}: what should have been exercised was not, and no traffic never passes.${others}`;
}

/** Scenarios that the page is written with: it opens at once, however many there are, and its script adds the others. */
const FIRST = 200;

/** A list and no table: browsers lay out only those of its items that are in sight. */
function ScenarioList({ data, shown }: { readonly data: PageData; readonly shown: readonly number[] }) {
  const [most, setMost] = useState(FIRST);
  useEffect(() => setMost(Number.POSITIVE_INFINITY), []);
  return (
    <ol class="scenarios">
      {shown.slice(0, most).map((index) => {
        const scenario = data.scenarios[index];
        return (
          scenario && (
            <li key={index}>
              <Badge status={scenario.verdict} word={VERDICT_WORDS[scenario.verdict]} />
              <a href={href({ view: "scenario", scenario: index })}>
                {scenario.title} <span class="file">{scenario.file}</span>
              </a>
              <span>{models(scenario.models)}</span>
              <span class="number">{duration(scenario.durationMs)}</span>
            </li>
          )
        );
      })}
    </ol>
  );
}

import { count } from "../format.js";
import { STATUSES } from "../tally.js";
import { visible } from "../visible.js";
import { Badge, Sign } from "./badge.js";
import type { PageData, PageRule } from "./data.js";
import { href, NO_FILTER } from "./route.js";

/** All rules of the run. */
export function Rules({ data }: { readonly data: PageData }) {
  return (
    <article class="rules">
      <h1 tabIndex={-1}>{count(data.rules.length, "rule")}</h1>
      <p class="lede">Each with the worst that any scenario found.</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="Rules">
        <table>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">Status</th>
              <th scope="col">Level</th>
              <th scope="col">Profile</th>
              <th scope="col">Demand</th>
              <th scope="col" class="number">
                Scenarios
              </th>
            </tr>
          </thead>
          <tbody>
            {data.rules.map((rule, index) => (
              <tr key={rule.id}>
                <th scope="row">
                  <a class="rule" href={href({ view: "rule", rule: rule.id })}>
                    {rule.id}
                  </a>
                </th>
                <td>
                  <Badge status={rule.status} />
                </td>
                <td class="level">{rule.level}</td>
                <td>{rule.profile}</td>
                <td class="title">{rule.title}</td>
                <td class="number">{exercises(data, index).length}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </article>
  );
}

/** One rule: its text, its source, who exercises it, and the faults that show that it can fail. */
export function RulePage({ data, id }: { readonly data: PageData; readonly id: string }) {
  const at = data.rules.findIndex((rule) => rule.id === id);
  const rule = data.rules[at];
  if (rule === undefined)
    return (
      <article>
        <h1 tabIndex={-1}>{visible(id)}</h1>
        <p>No scenario of this run was judged by a rule of that name.</p>
      </article>
    );
  const { level, profile, title, statement, source, status, more } = rule;
  return (
    <article class="rule-page">
      <header>
        <p class="verdict-line">
          <Badge status={status} />
          <span class="quiet">the worst that this run found</span>
        </p>
        <h1 tabIndex={-1}>
          <span class="mono">{id}</span> {title}
        </h1>
      </header>
      <p class="statement">
        <b class="level">{level}</b> {statement}
      </p>
      <dl class="facts">
        <Fact name="Source" text={source} />
        <Fact name="Profile" text={profile} />
        {more && (
          <>
            <Fact name="Models" text={more.models.map((model) => model.toUpperCase()).join(", ")} />
            <Fact name="Seen at" text={more.observedAt} />
            <Fact name="Exercised by" text={more.lookedFor} />
          </>
        )}
      </dl>
      <Exercises data={data} rule={rule} at={at} />
      <Proofs rule={rule} />
    </article>
  );
}

function Fact({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

/** Scenarios with what a rule came to in them, worst first. */
function exercises({ scenarios }: PageData, rule: number) {
  return scenarios
    .flatMap(({ marks, title }, scenario) =>
      marks.flatMap(([index, status, times]) => (index === rule ? [{ scenario, title, status, times }] : [])),
    )
    .toSorted((one, other) => one.status - other.status);
}

function Exercises({ data, rule, at }: { readonly data: PageData; readonly rule: PageRule; readonly at: number }) {
  const found = exercises(data, at);
  return (
    <section aria-labelledby="exercises">
      <h2 id="exercises">
        {found.length === 0
          ? "No scenario exercises it"
          : `${count(found.length, "scenario")} exercise${found.length === 1 ? "s" : ""} it`}
      </h2>
      {found.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Status</th>
              <th scope="col">Scenario</th>
              <th scope="col" class="number">
                Times
              </th>
            </tr>
          </thead>
          <tbody>
            {found.map(({ scenario, title, status, times }) => (
              <tr key={`${scenario} ${status}`}>
                <td>
                  <Badge status={STATUSES[status] ?? "inconclusive"} />
                </td>
                <th scope="row">
                  <a href={href({ view: "scenario", scenario })}>{title}</a>
                </th>
                <td class="number">{times}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found.length > 1 && (
        <p>
          <a href={href({ view: "overview", filter: { ...NO_FILTER, rule: rule.id } })}>List them in the overview</a>
        </p>
      )}
    </section>
  );
}

function Proofs({ rule: { proofs } }: { readonly rule: PageRule }) {
  return (
    <section aria-labelledby="proofs">
      <h2 id="proofs">
        {proofs.length === 0
          ? "No fault is known that breaks it"
          : `${count(proofs.length, "fault")} that prove${proofs.length === 1 ? "s" : ""} it`}
      </h2>
      {proofs.length > 0 && (
        <p class="quiet">
          A rule that has never failed proves nothing: each of these was put in place, and the rule caught it or not.
        </p>
      )}
      <ul class="proofs">
        {proofs.map(({ title, in: place, caught, followed, cases }) => (
          <li key={`${place} ${title}`}>
            <Sign status={caught ? "pass" : "fail"} /> <strong>{title}</strong>
            <span class="quiet">
              {" "}
              · in {place} · {caught ? "caught" : "not caught"} in {count(cases, "case")}
            </span>
            {followed.map(({ rule, why }) => (
              <p key={rule} class="quiet">
                With it falls {rule}: {why}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

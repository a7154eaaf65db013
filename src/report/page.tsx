import { createHash } from "node:crypto";
import { Badge } from "./badge.js";
import { scoreText } from "./faults.js";
import { count, directorPlace, duration, models, STATUS_WORDS, VERDICT_WORDS } from "./format.js";
import type { RunResult, ScenarioResult, Verdict } from "./result.js";
import { Scenario } from "./scenario.js";
import score from "./score.json" with { type: "json" };
import { STYLE } from "./style.js";
import { STATUSES, tallyRules, tallyScenarios } from "./tally.js";
import { wasRun } from "./verdict.js";

/** Nothing may be loaded or run; the one style sheet is admitted by its hash. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The whole document of one run. */
export function Page({ result }: { readonly result: RunResult }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>{`${result.verdict}: ${result.director?.name ?? "captures"} – hopcheck`}</title>
        {/* A constant of ours; escaped, it would be no CSS. */}
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <a class="skip" href="#scenarios">
          Skip to the scenarios
        </a>
        <Head result={result} />
        <main id="scenarios">
          <Overview result={result} />
          {result.scenarios.map((scenario, index) => (
            <Scenario
              key={scenario.file}
              scenario={scenario}
              id={`s${index + 1}`}
              open={!["pass", "not-supported"].includes(scenario.verdict) || result.scenarios.length === 1}
            />
          ))}
        </main>
        <footer>
          Written by hopcheck {result.tool.version}. The same results for programs: <code>results.json</code> beside
          this page. The suite is proven itself: {scoreText(score)}.
        </footer>
      </body>
    </html>
  );
}

function Head({ result }: { readonly result: RunResult }) {
  const rules = tallyRules(result.scenarios);
  return (
    <header>
      <p class="brand">hopcheck</p>
      <h1 class={`verdict ${result.verdict}`}>{result.verdict}</h1>
      <p class="lede">{lede(result)}</p>
      <dl class="facts">
        <div>
          <dt>Director</dt>
          <dd>{result.director?.name ?? "none: captures were judged"}</dd>
        </div>
        {result.director && (
          <div>
            <dt>Forwarding in</dt>
            <dd>{directorPlace(result.director)}</dd>
          </div>
        )}
        <div>
          <dt>Started</dt>
          <dd>
            <time dateTime={result.startedAt}>{result.startedAt.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")}</time>
          </dd>
        </div>
        <div>
          <dt>Took</dt>
          <dd>{duration(result.durationMs)}</dd>
        </div>
      </dl>
      <dl class="counts" aria-label="Rules by what became of them">
        {STATUSES.map((status) => (
          <div key={status} class={rules[status] === 0 ? "none" : ""}>
            <dt>{STATUS_WORDS[status].word}</dt>
            <dd class={status}>{rules[status]}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}

/** The verdict's reason in a sentence. */
function lede({ verdict, scenarios: selected }: RunResult): string {
  const scenarios = selected.filter(wasRun);
  const left = selected.length - scenarios.length;
  const others = left === 0 ? "" : ` Not run: ${count(left, "scenario")} that the director does not support.`;
  return `${ledeOfRun(verdict, scenarios)}${others}`;
}

function ledeOfRun(verdict: Verdict, scenarios: readonly ScenarioResult[]): string {
  if (scenarios.length === 0) {
    return "No scenario was run, and no traffic never passes.";
  }
  const rules = tallyRules(scenarios);
  const tally = tallyScenarios(scenarios);
  if (verdict === "pass") {
    return `${count(rules.pass, "rule")} held in ${count(scenarios.length, "scenario")}, and none was violated.`;
  }
  if (verdict === "inconclusive") {
    return `Nothing was violated, but ${count(tally.inconclusive, "scenario")} of ${scenarios.length} could not be settled.`;
  }
  const failed = `${tally.fail} of ${count(scenarios.length, "scenario")} failed`;
  return rules.fail > 0
    ? `${count(rules.fail, "rule")} violated: ${failed}.`
    : `${failed}: what should have been exercised was not, and no traffic never passes.`;
}

function Overview({ result }: { readonly result: RunResult }) {
  return (
    <nav class="overview" aria-labelledby="overview">
      <h2 id="overview">{count(result.scenarios.length, "scenario")}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Verdict</th>
            <th scope="col">Scenario</th>
            <th scope="col">Model</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {result.scenarios.map((scenario, index) => (
            <tr key={scenario.file}>
              <td>
                <Badge status={scenario.verdict} word={VERDICT_WORDS[scenario.verdict]} />
              </td>
              <th scope="row">
                <a href={`#s${index + 1}`}>{scenario.title}</a>
                <code class="file">{scenario.file}</code>
              </th>
              <td>{models(scenario.models)}</td>
              <td>{duration(scenario.durationMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </nav>
  );
}

import { VERDICT_WORDS } from "../format.js";
import type { RunResult } from "../result.js";
import { bySeverity } from "../tally.js";
import { App } from "./app.js";
import { Badge } from "./badge.js";
import type { PageData } from "./data.js";
import { Finding } from "./finding.js";
import { Head } from "./head.js";
import { deservesRoom } from "./judged.js";
import { Troubles } from "./scenario.js";

interface PageProps {
  readonly result: RunResult;
  readonly data: PageData;
  readonly script: string;
  /** Packed, one a scenario; left out where they lie beside the page. */
  readonly evidence?: readonly string[];
}

/** The whole document of one run. */
export function Page({ result, data, script, evidence }: PageProps) {
  return (
    <html lang="en">
      <Head
        title={`${result.verdict}: ${result.director?.name ?? "captures"}`}
        script={script}
        isBeside={evidence === undefined}
      />
      <body>
        <div id="app">
          <App data={data} load={neverLoaded} />
        </div>
        <noscript>
          <Unscripted result={result} />
        </noscript>
        <Json id="run" value={data} />
        {evidence?.map((packed, index) => (
          <Json key={index} id={`evidence-${index + 1}`} value={packed} />
        ))}
        <script dangerouslySetInnerHTML={{ __html: script }} />
      </body>
    </html>
  );
}

function neverLoaded(): Promise<never> {
  return Promise.reject(new Error("a page that is being written shows its overview"));
}

/** Data is no markup: without `<` no text in it can end the script that holds it, or open a comment. */
function Json({ id, value }: { readonly id: string; readonly value: unknown }) {
  const text = JSON.stringify(value).replaceAll("<", "\\u003c");
  return <script type="application/json" id={id} dangerouslySetInnerHTML={{ __html: text }} />;
}

/** The findings, for browsers without scripts: those show no packets. */
function Unscripted({ result }: { readonly result: RunResult }) {
  const places = new Map<string, never>();
  return (
    <section class="unscripted">
      <h2>All scenarios and their findings</h2>
      <p class="quiet">
        Packets, rules and downloads take JavaScript, which is switched off; results.json has them as well.
      </p>
      {result.scenarios.map((scenario, index) => {
        const findings = bySeverity(scenario.findings).filter(deservesRoom);
        const isQuiet = findings.length === 0 && scenario.problem === undefined && scenario.reason === undefined;
        const id = `/scenario/${index + 1}`;
        if (isQuiet)
          return (
            <p key={index} id={id}>
              {VERDICT_WORDS[scenario.verdict]}: {scenario.title} (<code>{scenario.file}</code>)
            </p>
          );
        return (
          <article key={index} id={id} class="scenario">
            <h3>
              <Badge status={scenario.verdict} word={VERDICT_WORDS[scenario.verdict]} /> {scenario.title}
            </h3>
            <Troubles evidence={scenario} />
            {findings.map((finding, at) => (
              <Finding
                key={at}
                finding={finding}
                id={`s${index + 1}-f${at + 1}`}
                places={places}
                frameHref={() => ""}
              />
            ))}
          </article>
        );
      })}
    </section>
  );
}

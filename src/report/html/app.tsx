import { useEffect, useRef, useState } from "preact/hooks";
import type { PageData, ScenarioEvidence } from "./data.js";
import { nextKey, useKeys } from "./keys.js";
import { Overview } from "./overview.js";
import { type Filter, href, NO_FILTER, OVERVIEW, parseRoute, type Route } from "./route.js";
import { RulePage, Rules } from "./rules.js";
import { Scenario } from "./scenario.js";
import { ThemeButton } from "./theme.js";

interface AppProps {
  readonly data: PageData;
  readonly load: (scenario: number) => Promise<ScenarioEvidence>;
}

/** The whole of the page: what is written into it is its overview, and a browser with scripts goes on from there. */
export function App({ data, load }: AppProps) {
  const [route, setRoute] = useRoute();
  useKeys(data, route);
  useArrival(data, route);
  const onFilter = (filter: Filter) => {
    const next: Route = { view: "overview", filter };
    history.replaceState(null, "", href(next));
    setRoute(next);
  };
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <nav class="bar" aria-label="Report">
        <a class="brand" href={href(OVERVIEW)}>
          hopcheck
        </a>
        <a href={href(OVERVIEW)} aria-current={route.view === "overview" ? "page" : undefined}>
          Overview
        </a>
        <a class="scripted" href={href({ view: "rules" })} aria-current={route.view === "rules" ? "page" : undefined}>
          Rules
        </a>
        <span class="scripted steps">
          {route.view === "scenario" && <Steps data={data} scenario={route.scenario} />}
        </span>
        <ThemeButton />
      </nav>
      <main id="main">
        {route.view === "overview" && <Overview data={data} filter={route.filter} onFilter={onFilter} />}
        {route.view === "rules" && <Rules data={data} />}
        {route.view === "rule" && <RulePage data={data} id={route.rule} />}
        {route.view === "scenario" && <Loaded key={route.scenario} data={data} load={load} route={route} />}
      </main>
      <footer>
        <p>
          Written by hopcheck {data.tool}. The suite is proven itself: {data.score.text}.
        </p>
        <p class="scripted keys">
          <kbd>/</kbd> filter · <kbd>j</kbd> <kbd>k</kbd> next and previous scenario · <kbd>n</kbd> <kbd>p</kbd> next
          and previous packet · <kbd>o</kbd> overview
        </p>
      </footer>
    </>
  );
}

/** The route of the address; the overview where there is none, as when the page is written. */
function useRoute(): [Route, (route: Route) => void] {
  const [route, setRoute] = useState<Route>(OVERVIEW);
  useEffect(() => {
    const follow = () => {
      // The link that skips the bar is no route.
      if (location.hash !== "#main") setRoute(parseRoute(location.hash));
    };
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return [route, setRoute];
}

/** Another view is announced by its heading, and begins at its top. */
function useArrival(data: PageData, route: Route): void {
  const place =
    route.view === "scenario" ? `scenario ${route.scenario}` : route.view === "rule" ? route.rule : route.view;
  const before = useRef(place);
  useEffect(() => {
    document.title = `${titleOf(data, route)} – hopcheck`;
    if (before.current === place) return;
    before.current = place;
    scrollTo(0, 0);
    document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [place]);
}

function titleOf(data: PageData, route: Route): string {
  if (route.view === "scenario") return data.scenarios[route.scenario]?.title ?? "no such scenario";
  if (route.view === "rule") return route.rule;
  if (route.view === "rules") return "Rules";
  return `${data.verdict}: ${data.director?.name ?? "captures"}`;
}

function Steps({ data, scenario }: { readonly data: PageData; readonly scenario: number }) {
  const [previous, next] = [nextKey("k", data, scenario), nextKey("j", data, scenario)];
  return (
    <>
      {previous && (
        <a href={previous} rel="prev">
          ← previous
        </a>
      )}
      {next && (
        <a href={next} rel="next">
          next →
        </a>
      )}
    </>
  );
}

interface LoadedProps extends AppProps {
  readonly route: Route & { readonly view: "scenario" };
}

/** A scenario, once its evidence is there. */
function Loaded({ data, load, route }: LoadedProps) {
  const [evidence, setEvidence] = useState<ScenarioEvidence>();
  const [trouble, setTrouble] = useState<string>();
  const isKnown = data.scenarios[route.scenario] !== undefined;
  useEffect(() => {
    if (isKnown) load(route.scenario).then(setEvidence, (error: Error) => setTrouble(error.message));
  }, []);
  if (!isKnown)
    return (
      <article>
        <h1 tabIndex={-1}>There is no such scenario in this run</h1>
        <p>
          It has {data.scenarios.length}: see the <a href={href({ view: "overview", filter: NO_FILTER })}>overview</a>.
        </p>
      </article>
    );
  if (trouble !== undefined)
    return (
      <article>
        <h1 tabIndex={-1}>{data.scenarios[route.scenario]?.title}</h1>
        <p class="problem">{trouble}</p>
      </article>
    );
  if (evidence === undefined) return <p class="quiet">Unpacking …</p>;
  return <Scenario data={data} index={route.scenario} evidence={evidence} spot={route} />;
}

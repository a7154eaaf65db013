import { DARK, declareColours, LIGHT } from "./palette.js";

const base = `
:root { color-scheme: light dark; ${declareColours(LIGHT)}
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { ${declareColours(DARK)} } }
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--text); font: 1rem/1.55 var(--sans); -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 84rem; padding: 2.5rem clamp(1rem, 4vw, 3rem) 4rem; overflow-wrap: break-word; }
h1, h2, h3, h4, p, dl, dd, ol, pre, table { margin: 0; }
h1, h2, h3, h4 { line-height: 1.3; text-wrap: balance; }
code, pre, .outcome dd, .overview th { overflow-wrap: anywhere; }
code, pre, .mono { font-family: var(--mono); font-size: .875em; font-variant-ligatures: none; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
.quiet { color: var(--quiet); }
.pass { color: var(--pass); } .fail { color: var(--fail); } .inconclusive, .not-exercised { color: var(--unsure); }
.declared, .not-supported { color: var(--quiet); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip:not(:focus) { position: absolute; left: -99rem; }
.lines { white-space: pre-wrap; }
.command { background: var(--raised); border-radius: 6px; padding: .7em 1em; white-space: pre-wrap; user-select: all; }
pre code { font-size: inherit; }
summary { cursor: pointer; }
summary::marker { color: var(--quiet); }
summary > :is(h2, h3, h4) { display: inline; }
table { border-collapse: collapse; text-align: left; }
th { font-weight: 600; }
td, th { vertical-align: top; }
.scroll table { overflow-wrap: normal; }
.scroll { overflow-x: auto; overscroll-behavior-x: contain; }
`;

const head = `
.brand { font: 600 .875rem/1 var(--mono); color: var(--accent); margin-bottom: 1.75rem; }
.verdict { font-size: clamp(2.25rem, 6vw, 3.25rem); font-weight: 650; letter-spacing: -.02em; line-height: 1.1; }
.verdict::first-letter { text-transform: uppercase; }
.lede { font-size: 1.25rem; margin-top: .5rem; max-width: 45rem; text-wrap: pretty; }
.facts { display: flex; flex-wrap: wrap; gap: .9rem 2.75rem; margin: 2rem 0; }
.facts dt, .counts dt { font-size: .8125rem; color: var(--quiet); }
.counts { display: flex; flex-wrap: wrap; border-block: 1px solid var(--line); padding-block: 1rem; gap: 1rem 2.25rem; }
.counts div { display: flex; flex-direction: column-reverse; min-width: 4.5rem; }
.counts dd { font: 600 1.75rem/1.2 var(--mono); font-variant-numeric: tabular-nums; }
.counts .none dd { color: var(--quiet); font-weight: 400; }
.overview { margin: 3rem 0; }
.overview h2 { font-size: 1.125rem; margin-bottom: .75rem; }
.overview table { width: 100%; }
.overview :is(th, td) { padding: .65rem 1.25rem .65rem 0; border-bottom: 1px solid var(--line); }
.overview thead th { font-size: .8125rem; font-weight: 400; color: var(--quiet); padding-block: 0 .4rem; }
.overview tbody th { font-weight: 500; width: 60%; }
.overview :is(th, td):last-child { padding-right: 0; text-align: right; white-space: nowrap; }
.overview .file { display: block; font-weight: 400; color: var(--quiet); }
.badge { font-weight: 600; white-space: nowrap; }
.badge .sign, .finding > summary .sign { display: inline-block; width: 1.1em; }
`;

const scenario = `
.scenario { border-top: 1px solid var(--line); padding-block: 1.5rem; }
.scenario > details > summary { padding-block: .25rem; }
.scenario h2 { font-size: 1.375rem; }
.scenario h2 .badge { margin-right: .5em; }
.scenario .meta { display: block; color: var(--quiet); margin: .35rem 0 0 1.1rem; font-size: .9375rem; }
.scenario h3 { font-size: 1.0625rem; margin: 2.25rem 0 .5rem; }
.problem { background: var(--raised); border-radius: 6px; padding: 1rem 1.25rem; margin-top: 1.5rem; }
.problem strong { color: var(--unsure); }
.finding { border-top: 1px solid var(--line); padding: .8rem 0; }
.finding > summary h4 { font-size: 1rem; font-weight: 600; }
.finding > summary .rule { margin-right: .6em; }
.finding > summary .title { color: var(--text); }
.finding[open] { padding-bottom: 1.5rem; }
.finding .body { margin: .5rem 0 0 1.1rem; }
.demand { max-width: 48rem; }
.demand .source { color: var(--quiet); font-size: .875rem; display: block; }
.outcome { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); gap: 1px; margin: 1rem 0;
  background: var(--line); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; max-width: 60rem; }
.outcome div { background: var(--ground); padding: .7rem 1rem; }
.outcome dt, .where dt { font-size: .8125rem; color: var(--quiet); }
.outcome dd { font-family: var(--mono); font-size: .875rem; white-space: pre-wrap; color: var(--text); }
.finding.fail .observed dd { color: var(--fail); font-weight: 600; }
.where { display: flex; flex-wrap: wrap; gap: .6rem 2.25rem; margin: 1rem 0; color: var(--text); }
.where .suspect dd { font-weight: 650; }
.finding .body, .causes { color: var(--text); }
.causes { padding-left: 1.25rem; max-width: 48rem; }
.causes li { padding-left: .25rem; margin-top: .6rem; }
.typed p { margin: .4rem 0 0; color: var(--quiet); font-size: .8125rem; }
.typed .command { margin: 0; }
.body h5 { font-size: .8125rem; font-weight: 400; color: var(--quiet); margin: 0; }
.fold { border-top: 1px solid var(--line); padding: .8rem 0; }
.fold table { margin: .6rem 0 .4rem 1.1rem; font-size: .9375rem; }
.fold caption { text-align: left; color: var(--quiet); font-size: .8125rem; padding-bottom: .3rem; }
.fold :is(td, th) { padding: .3rem 1.5rem .3rem 0; }
.fold :is(th, td:nth-child(2)) { white-space: nowrap; }
.fold .title { min-width: 12rem; }
.fold thead th { font-weight: 400; font-size: .8125rem; color: var(--quiet); }
.again { display: grid; gap: .6rem; max-width: 60rem; }
`;

const journey = `
.journey { border-top: 1px solid var(--line); padding: .8rem 0; }
.journey > summary h4 { font: 500 .9375rem/1.5 var(--mono); }
.journey > summary .path { display: block; margin-left: 1.1rem; font-size: .875rem; }
.walk { margin-top: 1rem; font-size: .9375rem; }
.walk caption { text-align: left; color: var(--quiet); font-size: .8125rem; padding-bottom: .75rem; }
.walk caption span { display: inline-block; position: sticky; left: 0; max-width: min(48rem, calc(100vw - 3rem)); }
.walk :is(th, td) { padding: .2rem .6rem; font-weight: 400; }
.walk :is(tbody th, .corner) { position: sticky; left: 0; background: var(--ground); padding-left: 0; z-index: 1; }
.walk tbody th { color: var(--quiet); white-space: nowrap; }
.walk tbody td { white-space: nowrap; }
.walk tbody :is(th, td) { border-top: 1px solid transparent; background-clip: padding-box; }
.walk tbody tr:first-child :is(th, td) { border-top-color: var(--line); }
.walk .host { font-weight: 650; padding-bottom: 0; }
.walk .hop { position: relative; padding-top: 1.5rem; padding-bottom: .7rem; font-size: .8125rem; line-height: 1.45; min-width: 8.5rem; }
.walk .hop::before { content: ""; position: absolute; top: .85rem; left: .6rem; right: -.6rem; border-top: 2px solid var(--line); }
.walk .hop:last-child::before { display: none; }
.walk .hop::after { content: ""; position: absolute; top: .55rem; left: .6rem; width: .6rem; height: .6rem; border-radius: 50%;
  background: var(--ground); border: 2px solid var(--quiet); }
.walk .hop.changed::after { background: var(--accent); border-color: var(--accent); }
.walk .hop.broken::after { background: var(--alarm-ground); border-color: var(--alarm-ground); border-radius: 0; rotate: 45deg; }
.walk .hop:target, .finding:target > summary { background: var(--accent-ground); }
.walk .hop span { display: block; white-space: nowrap; }
.walk .way { color: var(--text); font-weight: 600; }
.walk .same { color: var(--quiet); }
.walk :is(.allowed, .added) { background: var(--accent-ground); color: var(--accent); font-weight: 600; }
.walk .added { font-weight: 400; }
.walk tbody .header { font-size: .8125rem; color: var(--text); font-weight: 600; padding-top: .8rem; position: static; }
.walk .header span { display: inline-block; position: sticky; left: 0; white-space: normal; max-width: calc(100vw - 3rem); }
.walk .violation { background: var(--alarm-ground); color: var(--alarm-text); font-weight: 700; }
.walk .violation a { color: inherit; margin-left: .6em; }
.legend { font-size: .8125rem; color: var(--quiet); margin-top: .75rem; display: flex; flex-wrap: wrap; gap: .35rem 1.5rem; }
.legend b { padding: 0 .4em; border-radius: 2px; font-weight: 600; }
.legend :is(.allowed, .added) { background: var(--accent-ground); color: var(--accent); }
.legend .violation { background: var(--alarm-ground); color: var(--alarm-text); }
.bytes { margin-top: .5rem; font-size: .9375rem; }
.bytes > summary { color: var(--quiet); }
.bytes dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.5rem; margin: .5rem 0 .5rem 1.1rem; }
.bytes dt { color: var(--quiet); } .bytes dd { font-family: var(--mono); font-size: .875rem; }
.dumps { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(33.5rem, 100%), 1fr)); gap: 1rem 1.25rem; margin: .75rem 0 0 1.1rem; }
.dumps figure { margin: 0; min-width: 0; } .dumps figcaption { font-size: .8125rem; color: var(--quiet); }
.dumps pre { overflow-x: auto; background: var(--raised); border-radius: 6px; padding: .7em 1em; line-height: 1.5; font-size: .75rem; }
.dumps mark { background: none; color: var(--accent); font-weight: 700; text-decoration: underline; text-underline-offset: .2em; }
.dumps mark.violation { background: var(--alarm-ground); color: var(--alarm-text); text-decoration: none; }
footer { border-top: 1px solid var(--line); padding-top: 1rem; color: var(--quiet); font-size: .875rem; }
`;

const media = `
@media (max-width: 40rem) {
  html { font-size: .9375rem; }
  body { padding-top: 1.5rem; }
  .overview thead { display: none; }
  .overview table, .overview tbody { display: block; }
  .overview tr { display: grid; grid-template-columns: 1fr auto auto; column-gap: 1.25rem; border-bottom: 1px solid var(--line); padding: .65rem 0; }
  .overview :is(th, td) { padding: 0; border: 0; }
  .overview tbody th { width: auto; grid-row: 1; grid-column: 1 / -1; margin-bottom: .25rem; }
  .facts { gap: .75rem 1.75rem; }
  .counts { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1rem; }
  .finding .body, .scenario .meta, .dumps, .fold table, .bytes dl { margin-left: 0; }
  .walk tbody th { max-width: 8rem; min-width: 6.5rem; white-space: normal; overflow-wrap: anywhere; }
}
@media (forced-colors: active) { .walk :is(.allowed, .added, .violation) { outline: 2px solid; outline-offset: -2px; } }
@media print {
  :root { color-scheme: light; ${declareColours(LIGHT)} }
  html { font-size: 9.5pt; } body { max-width: none; padding: 0; }
  .skip { display: none; }
  .finding, .journey tr, figure, .command { break-inside: avoid; }
  h2, h3, h4, summary { break-after: avoid; }
  .scroll { overflow: visible; } .walk { font-size: 8pt; } .walk .hop { min-width: 0; }
  .badge, .walk :is(.allowed, .added, .violation, .hop::after), mark, .legend b { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;

/** All of the page's CSS. The page's security policy admits this text and no other, by its hash. */
export const STYLE = [base, head, scenario, journey, media].join("").replace(/\n\s*/g, "\n").trim();

/** The overview, rules and findings; phones and paper. */
export const LAYOUT = `
.bar { display: flex; align-items: center; gap: 1.25rem; padding: .75rem 0; border-bottom: 1px solid var(--line); font-size: .875rem; flex-wrap: wrap; }
.bar a { text-decoration: none; color: var(--quiet); } .bar a:hover, .bar [aria-current] { color: var(--text); }
.bar .brand { font: 600 .9375rem/1 var(--mono); color: var(--accent); }
.bar .steps { display: flex; gap: 1.25rem; margin-left: auto; }
.plain { background: none; border: 1px solid var(--line); border-radius: 6px; padding: .2rem .6rem; color: var(--quiet); font-size: .8125rem; }
.plain:hover { color: var(--text); border-color: var(--quiet); }
.head { padding: 2.25rem 0 1.75rem; }
.verdict { font-size: clamp(2.25rem, 5vw, 3rem); font-weight: 650; letter-spacing: -.02em; line-height: 1.1; }
.verdict .badge { font-weight: inherit; } .verdict .sign { font-size: .8em; margin-right: .1em; }
.lede { font-size: 1.1875rem; margin-top: .4rem; max-width: 46rem; text-wrap: pretty; }
.facts { display: flex; flex-wrap: wrap; gap: .8rem 2.5rem; margin-top: 1.5rem; }
.facts dt, .where dt, .versus dt { font-size: .8125rem; color: var(--quiet); }
.facts dd { font-variant-numeric: tabular-nums; max-width: 40rem; }
main > section, article > section { margin-top: 2.5rem; }
h2 { font-size: 1.1875rem; margin-bottom: .75rem; } h2 a { color: inherit; }
.badge { font-weight: 600; white-space: nowrap; } .sign { display: inline-block; min-width: 1em; font-weight: 700; }
.level { font-size: .8125em; letter-spacing: .01em; white-space: nowrap; }
.broken { margin-top: 0 !important; }
.broken ol { list-style: none; padding: 0; display: grid; gap: 1rem; }
.broken li { border: 1px solid var(--line); border-left: 4px solid var(--fail); border-radius: 8px; padding: 1rem 1.25rem 1.1rem; }
.broken li:not(.fail) { border-left-color: var(--unsure); }
.broken h3 { font-size: 1.0625rem; } .broken h3 a:not(.rule) { color: inherit; }
.rule { font-weight: 600; white-space: nowrap; }
.versus { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: .5rem 1.5rem; margin: .7rem 0; max-width: 64rem; }
.versus:empty, .where:empty { display: none; }
.versus dd { font-family: var(--mono); font-size: .8438rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.versus .observed dd { font-weight: 600; } .fail .versus .observed dd { color: var(--fail); }
.fail > .versus, .fail > p, .fail > .where, .finding { color: var(--text); } .broken li { color: var(--text); } .broken .quiet { color: var(--quiet); }
.cause { max-width: 60rem; }
.typed { margin-top: .6rem; max-width: 64rem; } .typed p { font-size: .8125rem; color: var(--quiet); }
.typed b { color: var(--text); }
.command { display: flex; align-items: flex-start; gap: .5rem; background: var(--raised); border-radius: 6px; padding: .35rem .4rem .35rem .8rem; }
.command pre { flex: 1; min-width: 0; white-space: pre-wrap; overflow-wrap: anywhere; padding: .2rem 0; user-select: all; }
.copy, .save { background: var(--ground); border: 1px solid var(--line); border-radius: 5px; padding: .15rem .6rem; font-size: .8125rem; color: var(--accent); white-space: nowrap; }
.copy:hover, .save:hover { border-color: var(--accent); }
.counts table { font-size: .875rem; } .counts :is(td, th) { padding: .2rem 1.5rem .2rem 0; } .counts :is(tbody, tfoot) th { font-weight: 400; }
.counts .number { min-width: 5.5rem; font-weight: 600; } .counts thead .number { font-weight: 400; } .counts .none { color: var(--quiet); font-weight: 400; }
.counts tfoot :is(td, th) { border-top: 1px solid var(--line); padding-top: .4rem; } .counts tbody tr:first-child > * { padding-top: .4rem; }
p.brand { font: 600 .9375rem/1 var(--mono); color: var(--accent); padding: 1.25rem 0; }
dl.counts { display: flex; flex-wrap: wrap; gap: 1rem 2.25rem; border-block: 1px solid var(--line); padding-block: 1rem; margin-top: 1.5rem; }
dl.counts div { display: flex; flex-direction: column-reverse; } dl.counts dt { font-size: .8125rem; color: var(--quiet); } dl.counts dd { font: 600 1.5rem/1.2 var(--mono); }
.overview table { width: 100%; } .overview :is(th, td) { padding: .5rem 1.25rem .5rem 0; border-bottom: 1px solid var(--line); }
.overview tbody th { font-weight: 500; width: 60%; overflow-wrap: anywhere; } .overview .file { display: block; font-weight: 400; color: var(--quiet); }
.matrix :is(th, td) { font-size: .875rem; padding-right: .9rem; } .matrix tbody th { width: auto; min-width: 13rem; } .matrix .badge { font-weight: 500; }
.matrix tr { scroll-margin-top: 2.5rem; } .matrix tr:target { background: var(--accent-ground); }
@media screen and (min-width: 76rem) { .matrix .scroll { overflow: visible; } .matrix thead th { position: sticky; top: 0; background: var(--ground); box-shadow: 0 1px var(--line); } }
.filters { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem .75rem; margin-bottom: 1rem; }
html:not(.js) .filters { display: none; }
.filters input { flex: 1 1 16rem; max-width: 24rem; }
.filters :is(input, select) { background: var(--ground); border: 1px solid var(--edge); border-radius: 6px; padding: .35rem .7rem; min-height: 2.25rem; max-width: 100%; }
.filters ::placeholder { color: var(--quiet); opacity: 1; }
.chips { border: 0; margin: 0; padding: 0; min-width: 0; display: flex; flex-wrap: wrap; gap: .4rem; }
.chip { background: none; border: 1px solid var(--edge); border-radius: 99px; padding: .25rem .8rem; font-size: .875rem; min-height: 2.25rem; }
.chip[aria-pressed=true] { background: var(--text); color: var(--ground); border-color: var(--text); } .chip[aria-pressed=true] .sign { color: inherit; }
.chip .number { font-weight: 600; margin-left: .2em; }
.scenarios { list-style: none; padding: 0; border-top: 1px solid var(--line); }
.scenarios li { display: grid; grid-template-columns: 9rem minmax(0, 1fr) 9rem 5rem; column-gap: 1rem; padding: .5rem 0; border-bottom: 1px solid var(--line);
  content-visibility: auto; contain-intrinsic-size: auto 3.6rem; }
.scenarios li:hover { background: var(--raised); } .scenarios a { color: var(--text); text-decoration: none; font-weight: 500; } .scenarios a:hover { text-decoration: underline; }
.scenarios .file { display: block; font: .8125rem/1.5 var(--mono); color: var(--quiet); overflow-wrap: anywhere; }
.scenario > header, .rule-page > header, .rules > h1 { margin: 1.75rem 0 1rem; }
.verdict-line { display: flex; gap: 1rem; align-items: baseline; } .scenario h1, .rule-page h1, .rules h1 { font-size: clamp(1.375rem, 3vw, 1.75rem); letter-spacing: -.01em; }
.problem { background: var(--raised); border-left: 4px solid var(--unsure); border-radius: 6px; padding: .8rem 1.1rem; margin-top: 1rem; max-width: 64rem; }
.log { background: var(--raised); border-radius: 6px; padding: .6rem .9rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.finding { border-top: 1px solid var(--line); padding: 1.1rem 0 .3rem; margin-top: 1.25rem; }
.finding h3 { font-size: 1.0625rem; } .finding .word { font-weight: 400; font-size: .875rem; margin-left: .4em; }
.finding h4 { font-size: .8125rem; font-weight: 400; color: var(--quiet); }
.demand { max-width: 60rem; margin-top: .25rem; } .demand .quiet { font-size: .875rem; display: block; }
.where { display: flex; flex-wrap: wrap; gap: .5rem 2.25rem; margin: .7rem 0; }
.frames span { white-space: nowrap; } .frames span:not(:last-child)::after { content: ", "; white-space: normal; } .frames span { margin-right: .35em; }
.causes { padding-left: 1.25rem; max-width: 64rem; } .finding details { margin-top: .6rem; } .finding summary { color: var(--quiet); font-size: .875rem; } .causes li { margin-top: .4rem; }
.fold { border-top: 1px solid var(--line); padding: .6rem 0; } .fold h3 { font-size: 1rem; }
.judged table, .rules table, .rule-page table, .scenario table:not(.walk) { font-size: .875rem; margin-top: .4rem; }
.judged :is(td, th), .rules :is(td, th), .rule-page table :is(td, th), .scenario table:not(.walk) :is(td, th) { padding: .3rem 1.25rem .3rem 0; }
.judged td, .judged th, .rules td, .rules th, .rule-page :is(td, th) { vertical-align: baseline; }
.rules tbody tr:hover { background: var(--raised); } .title, td.frames { min-width: 14rem; } .judged .title .quiet { display: block; font-size: .8125rem; max-width: 44rem; } .judged .title { max-width: 44rem; }
.statement { font-size: 1.0625rem; max-width: 52rem; }
.proofs { padding-left: 0; list-style: none; } .proofs li { padding: .3rem 0; } .proofs p { margin-left: 1.4em; font-size: .875rem; max-width: 60rem; }
.downloads p { display: flex; flex-wrap: wrap; gap: .5rem; } .downloads .quiet { margin-top: .6rem; font-size: .875rem; display: block; }
footer { border-top: 1px solid var(--line); margin-top: 3rem; padding-top: 1rem; color: var(--quiet); font-size: .8125rem; max-width: none; }
kbd { border: 1px solid var(--line); border-radius: 4px; padding: 0 .35em; }
@media (max-width: 44rem) {
  .head { padding-top: 1.5rem; } .facts { gap: .6rem 1.5rem; }
  .keys { display: none; }
  .scenarios li { grid-template-columns: 1fr auto auto; padding: .6rem 0; contain-intrinsic-size: auto 5rem; } .scenarios a { grid-row: 1; grid-column: 1 / -1; margin-bottom: .2rem; }
  .counts .number { min-width: 3.5rem; } .counts :is(td, th) { padding-right: .9rem; } .broken li { padding: .8rem .9rem; }
  .filters input { flex-basis: 100%; max-width: none; }
}
@media print {
  html { font-size: 9.5pt; } body { max-width: none; padding: 0; }
  .bar, .filters, .copy, .save, .keys, .skip { display: none !important; }
  .broken li, .finding, tr, figure, .command { break-inside: avoid; } h1, h2, h3, h4, summary { break-after: avoid; }
  .scroll { overflow: visible; max-height: none !important; }
  .badge, .walk td, mark, .legend b { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;

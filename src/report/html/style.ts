import { DARK, declareColours, LIGHT } from "./palette.js";
import { LAYOUT } from "./style-layout.js";
import { PACKETS } from "./style-packets.js";

const base = `
:root { color-scheme: light; ${declareColours(LIGHT)}
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace; }
@media screen and (prefers-color-scheme: dark) { :root:not([data-theme=light]) { color-scheme: dark; ${declareColours(DARK)} } }
@media screen { :root[data-theme=dark] { color-scheme: dark; ${declareColours(DARK)} } }
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--text); font: .9375rem/1.5 var(--sans); -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 82rem; padding: 0 clamp(1rem, 3vw, 2.5rem) 3rem; overflow-wrap: break-word; }
h1, h2, h3, h4, p, dl, dd, ol, ul, pre, table, figure { margin: 0; }
h1, h2, h3, h4 { line-height: 1.3; text-wrap: balance; font-weight: 600; }
h1:focus, h2:focus, article:focus { outline: none; }
code, pre, .mono, .rule, kbd { font-family: var(--mono); font-size: .9em; font-variant-ligatures: none; }
.number, time { font-variant-numeric: tabular-nums; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.quiet { color: var(--quiet); }
.pass { color: var(--pass); } .fail { color: var(--fail); } .inconclusive, .not-exercised { color: var(--unsure); }
.declared, .not-supported { color: var(--quiet); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .5rem; z-index: 9; }
html:not(.js) .scripted { display: none; }
.lines { white-space: pre-wrap; }
button, select, input { font: inherit; color: inherit; }
button { cursor: pointer; }
summary { cursor: pointer; } summary::marker { color: var(--quiet); } summary > h3 { display: inline; }
table { border-collapse: collapse; text-align: left; }
th { font-weight: 600; } td, th { vertical-align: top; }
thead th { font-weight: 400; font-size: .8125rem; color: var(--quiet); white-space: nowrap; }
.number { text-align: right; }
.scroll { overflow-x: auto; overscroll-behavior-x: contain; }
`;

/** All of the page's CSS. The page's security policy admits this text and no other, by its hash. */
export const STYLE = [base, LAYOUT, PACKETS].join("").replace(/\n\s*/g, "\n").trim();

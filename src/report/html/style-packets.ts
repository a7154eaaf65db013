/** Where packets are shown: the network, the ladder, the walk and the bytes. */
export const PACKETS = `
.map { display: grid; grid-template-columns: minmax(16rem, 22rem) minmax(0, 1fr); gap: 1.25rem; align-items: start; }
.journeys { max-height: 30rem; overflow-y: auto; border: 1px solid var(--line); border-radius: 8px; }
.journeys ol { list-style: none; padding: 0; } .journeys p { padding: .5rem .8rem; font-size: .8125rem; }
.journeys a { display: block; padding: .45rem .8rem; text-decoration: none; color: var(--text); border-bottom: 1px solid var(--line); border-left: 3px solid transparent; }
.journeys li:last-child a { border-bottom: 0; }
.journeys a:hover { background: var(--raised); } .journeys [aria-current] { background: var(--accent-ground); border-left-color: var(--accent); }
.journeys span { display: block; font-size: .8125rem; overflow-wrap: anywhere; } .journeys span span { display: inline; } .journeys [aria-current] .quiet { color: var(--text); }
.network svg, .ladder svg { display: block; max-width: none; font: 12px/1 var(--sans); }
.network figcaption { font-size: .8125rem; color: var(--quiet); margin-top: .5rem; }
.network text, .ladder text { fill: var(--text); }
.segment line { stroke: var(--quiet); stroke-width: 3; stroke-linecap: round; } .network .segment-name { fill: var(--quiet); font-size: 11px; paint-order: stroke; stroke: var(--ground); stroke-width: 4px; }
.wire line { stroke: var(--line); stroke-width: 1; } .wire.used line { stroke: var(--quiet); stroke-width: 2; }
.wire text { font: 11px var(--mono); } .wire .nic, .wire .mac { fill: var(--quiet); }
.network text.mac { fill: var(--quiet); font-size: 10px; }
.network .host rect { fill: var(--raised); stroke: var(--line); } .network .host.director rect { stroke: var(--accent); stroke-width: 1.5; }
.host .name { font-weight: 600; font-size: 13px; } .network .host .role { fill: var(--quiet); font-size: 11px; }
.path path[class] { fill: none; stroke: var(--accent); stroke-width: 2.5; stroke-linejoin: round; } .path .inside { stroke-dasharray: 2 4; }
.network .path path.broken { stroke: var(--fail); stroke-dasharray: 8 3; } .path marker path, .ladder marker path { fill: context-stroke; }
.stop circle { fill: var(--ground); stroke: var(--accent); stroke-width: 1.5; } .network .stop text { font: 600 9.5px var(--sans); fill: var(--accent); }
.stop.broken circle { stroke: var(--fail); } .network .stop.broken text { fill: var(--fail); }
.stop.selected circle { fill: var(--accent); } .network .stop.selected text { fill: var(--ground); } .stop.broken.selected circle { fill: var(--fail); }
.ladder { max-height: 34rem; overflow: auto; margin-top: .5rem; }
.tap line { stroke: var(--line); } .tap .name { font-weight: 600; } .ladder .nic, .ladder .time { fill: var(--quiet); font-size: 11px; }
.ladder .time { font-variant-numeric: tabular-nums; }
.rung { text-decoration: none; } .rung .band { fill: transparent; } .rung:hover .band { fill: var(--raised); } .rung.selected .band { fill: var(--accent-ground); fill-opacity: .6; }
.rung line { stroke: var(--quiet); stroke-width: 1.5; } .rung .inside { stroke-dasharray: 2 3; stroke-width: 1; } .rung circle { fill: var(--quiet); }
.rung.selected line { stroke: var(--accent); stroke-width: 2; } .rung.selected circle { fill: var(--accent); }
.rung.broken line { stroke: var(--fail); stroke-width: 2; } .rung.broken circle { fill: var(--fail); } .ladder .rung.broken .label { fill: var(--fail); font-weight: 600; }
.ladder .label { font: 10.5px var(--mono); paint-order: stroke; stroke: var(--ground); stroke-width: 3px; } .ladder .selected .label { stroke: var(--accent-ground); }
.walk-head { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: 1.75rem 0 .5rem; } .walk-head h3 { font-size: .9375rem; overflow-wrap: anywhere; }
.walk { font-size: .875rem; }
.walk :is(th, td) { padding: .15rem .6rem; font-weight: 400; }
.walk :is(tbody th, .corner) { position: sticky; left: 0; background: var(--ground); padding-left: 0; z-index: 1; }
.walk tbody th { color: var(--quiet); font: .8125rem/1.6 var(--mono); white-space: nowrap; }
.walk tbody td { white-space: nowrap; font: .8125rem/1.6 var(--mono); }
.walk tbody :is(th, td) { border-top: 1px solid transparent; background-clip: padding-box; }
.walk tbody td a { color: inherit; text-decoration: none; } .walk tbody td a:hover { text-decoration: underline; }
.walk tbody tr:first-child :is(th, td) { border-top-color: var(--line); }
.walk .host { font-weight: 600; padding-bottom: 0; color: var(--text); font-size: .875rem; }
.walk .hop { position: relative; padding-top: 1.35rem; padding-bottom: .5rem; font-size: .75rem; line-height: 1.4; min-width: 8.5rem; }
.walk .hop::before { content: ""; position: absolute; top: .75rem; left: .6rem; right: -.6rem; border-top: 2px solid var(--line); }
.walk .hop:last-child::before { display: none; }
.walk .hop::after { content: ""; position: absolute; top: .46rem; left: .6rem; width: .6rem; height: .6rem; border-radius: 50%; background: var(--ground); border: 2px solid var(--quiet); }
.walk .hop.changed::after { background: var(--accent); border-color: var(--accent); }
.walk .hop.broken::after { background: var(--alarm-ground); border-color: var(--alarm-ground); border-radius: 0; rotate: 45deg; }
.walk .hop.selected { background: var(--raised); }
.walk .hop span { display: block; white-space: nowrap; } .walk .hop .ordinal { display: inline-block; font-weight: 700; } .walk .hop .number { text-align: left; }
.walk .hop a { text-decoration: none; color: var(--text); } .walk .way { font-weight: 600; }
.walk wbr { display: none; }
.walk .same { color: var(--quiet); }
.walk :is(td.allowed, td.added), .legend :is(.allowed, .added) { background: var(--accent-ground); color: var(--accent); font-weight: 600; }
.walk td.added, .legend .added { font-weight: 400; }
.walk td.violation, .legend .violation { background: var(--alarm-ground); color: var(--alarm-text); font-weight: 700; }
.walk td.violation .rule { color: inherit; margin-left: .6em; text-decoration: underline; }
.walk td.selected { outline: 2px solid var(--text); outline-offset: -2px; }
.walk tbody .header { font: 600 .8125rem/1.5 var(--sans); color: var(--text); padding-top: .7rem; position: static; }
.walk .header span { display: inline-block; position: sticky; left: 0; white-space: normal; max-width: calc(100vw - 3rem); }
.legend { font-size: .8125rem; color: var(--quiet); margin: .6rem 0; display: flex; flex-wrap: wrap; gap: .35rem 1.5rem; }
.legend b { padding: 0 .4em; border-radius: 2px; font-family: var(--mono); }
.unchanged { columns: 20rem auto; column-gap: 2rem; margin: .5rem 0; font-size: .8125rem; }
.unchanged div { display: flex; gap: 1rem; break-inside: avoid; } .unchanged dt { color: var(--quiet); font-family: var(--mono); min-width: 11rem; }
.unchanged dd { font-family: var(--mono); overflow-wrap: anywhere; } .unchanged a { color: inherit; text-decoration: none; }
.dumps { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; margin: .75rem 0 1.25rem; }
.hex { min-width: 0; max-width: 100%; } .hex figcaption { font-size: .8125rem; color: var(--quiet); } .hex figcaption b { color: var(--text); font-weight: 600; }
.hex pre { overflow-x: auto; background: var(--raised); border-radius: 6px; padding: .6em .9em; line-height: 1.55; font-size: .75rem; }
mark { background: none; color: var(--accent); font-weight: 700; text-decoration: underline; text-underline-offset: .2em; }
mark.violation { background: var(--alarm-ground); color: var(--alarm-text); text-decoration: none; }
mark.selected { outline: 2px solid var(--text); outline-offset: 1px; border-radius: 2px; color: var(--text); text-decoration: none; } mark.violation.selected { color: var(--alarm-text); }
@media (max-width: 60rem) { .map { grid-template-columns: minmax(0, 1fr); } .journeys { max-height: 14rem; } }
@media (max-width: 44rem) { .walk wbr { display: inline; } .walk tbody th { max-width: 7.5rem; min-width: 6rem; white-space: normal; overflow-wrap: anywhere; } .unchanged div { display: block; } }
@media (forced-colors: active) { .walk :is(.allowed, .added, .violation) { outline: 2px solid; outline-offset: -2px; } }
`;

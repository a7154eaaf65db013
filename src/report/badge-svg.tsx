import { renderToStaticMarkup } from "preact-render-to-string";
import { LIGHT } from "./html/palette.js";
import type { RunResult, Verdict } from "./result.js";
import { tallyRules } from "./tally.js";

const HEIGHT = 20;
/** Pixels of a character of Verdana at 11 px, taken broadly; `textLength` makes the text fit where another font is at hand. */
const CHARACTER = 6.6;
const PADDING = 6;

const GROUNDS: Readonly<Record<Verdict, string>> = {
  pass: LIGHT.pass,
  fail: LIGHT.fail,
  inconclusive: LIGHT.unsure,
  "not-supported": LIGHT.quiet,
};

/** The verdict as a small picture for a README; no text in it is from outside. */
export function renderBadge(result: RunResult): string {
  const label = "hopcheck";
  const text = verdictText(result);
  const [left, right] = [widthOf(label), widthOf(text)];
  const title = `${label}: ${text}`;
  return `${renderToStaticMarkup(
    <svg
      xmlns="http://www.w3.org/2000/svg"
      width={left + right}
      height={HEIGHT}
      viewBox={`0 0 ${left + right} ${HEIGHT}`}
      role="img"
      aria-label={title}
    >
      <title>{title}</title>
      <rect width={left + right} height={HEIGHT} rx="3" fill={LIGHT.text} />
      <path
        d={`M${left} 0h${right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-${right - 3}z`}
        fill={GROUNDS[result.verdict]}
      />
      <g fill="#ffffff" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11">
        <Text x={PADDING} text={label} width={left - 2 * PADDING} />
        <Text x={left + PADDING} text={text} width={right - 2 * PADDING} />
      </g>
    </svg>,
  )}\n`;
}

function Text({ x, text, width }: { readonly x: number; readonly text: string; readonly width: number }) {
  return (
    <text x={x} y="14" textLength={width} lengthAdjust="spacingAndGlyphs">
      {text}
    </text>
  );
}

/** `pass, 121 rules`, `fail, 2 of 121 rules`. */
function verdictText({ verdict, scenarios }: RunResult): string {
  const rules = tallyRules(scenarios);
  const judged = rules.pass + rules.fail + rules.inconclusive + rules.declared;
  if (verdict === "pass") return `pass, ${rules.pass} rules`;
  return verdict === "fail"
    ? `fail, ${rules.fail} of ${judged} rules`
    : `inconclusive, ${rules.pass} of ${judged} rules hold`;
}

function widthOf(text: string): number {
  return Math.round(text.length * CHARACTER) + 2 * PADDING;
}

/** The page's colours, light and dark. A test holds every pair of text and ground that the page uses against WCAG AA. */

export interface Palette {
  readonly ground: string;
  /** Code, table heads, boxes. */
  readonly raised: string;
  readonly line: string;
  /** Around what is typed into or pressed: 3:1 against the ground, WCAG 1.4.11. */
  readonly edge: string;
  readonly text: string;
  readonly quiet: string;
  /** Links, focus, and changes that a rule allows. */
  readonly accent: string;
  readonly accentGround: string;
  readonly pass: string;
  readonly fail: string;
  readonly unsure: string;
  /** Behind a field whose change violates a rule. */
  readonly alarmGround: string;
  readonly alarmText: string;
}

export const LIGHT: Palette = {
  ground: "#ffffff",
  raised: "#f4f6f8",
  line: "#d7dde3",
  edge: "#84909c",
  text: "#1a2129",
  quiet: "#56616d",
  accent: "#0a5f82",
  accentGround: "#e2f0f6",
  pass: "#17663a",
  fail: "#b3211b",
  unsure: "#855000",
  alarmGround: "#b3211b",
  alarmText: "#ffffff",
};

export const DARK: Palette = {
  ground: "#11161b",
  raised: "#1a2129",
  line: "#323d48",
  edge: "#687684",
  text: "#e3e8ed",
  quiet: "#9ba8b4",
  accent: "#73c7e6",
  accentGround: "#143442",
  pass: "#79d29c",
  fail: "#ff8d84",
  unsure: "#eeb65c",
  alarmGround: "#ff8d84",
  alarmText: "#2b0502",
};

/** Text on ground, as the page combines them. */
export const PAIRS: readonly (readonly [text: keyof Palette, ground: keyof Palette])[] = [
  ["text", "ground"],
  ["text", "raised"],
  ["text", "accentGround"],
  ["quiet", "ground"],
  ["quiet", "raised"],
  ["accent", "ground"],
  ["accent", "raised"],
  ["accent", "accentGround"],
  ["pass", "ground"],
  ["pass", "raised"],
  ["fail", "ground"],
  ["fail", "raised"],
  ["unsure", "ground"],
  ["unsure", "raised"],
  ["alarmText", "alarmGround"],
];

/** Declarations of CSS variables: `--ground: #ffffff; …`. */
export function declareColours(palette: Palette): string {
  const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return Object.entries(palette)
    .map(([name, colour]) => `--${kebab(name)}: ${colour};`)
    .join(" ");
}

/** Contrast of two colours (`#rrggbb`) by WCAG 2, from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].toSorted((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const channel = (at: number) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/**
 * Text that came out of packets, captures and other people's files, made safe to look at.
 *
 * Whatever a terminal or a browser would obey instead of show is replaced by something that can be read:
 * control characters (a terminal's escapes among them), marks that turn the direction of writing, invisible characters,
 * and those that Unicode keeps from being characters, two of which no XML may have.
 */

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{NChar}]/gu;

/** One line: every control character is replaced, line breaks too. */
export function visible(text: string): string {
  return text.replace(UNSEEN, show);
}

/** Several lines: as `visible`, but line breaks stay. */
export function visibleLines(text: string): string {
  return text.split(/\r?\n/).map(visible).join("\n");
}

/** One line for a terminal that may belong to a CI job: `##[` starts a workflow command anywhere in a line of GitHub's log. */
export function visibleInLog(text: string): string {
  return visible(text).replaceAll("##[", "# #[");
}

/** Text of at most so many characters: the middle is left out of a longer one, since both ends tell what it is. */
export function shortened(text: string, most = 200): string {
  if (text.length <= most) {
    return text;
  }
  const characters = Array.from(text);
  if (characters.length <= most) {
    return text;
  }
  const head = Math.ceil((most - 1) / 2);
  return `${characters.slice(0, head).join("")}…${characters.slice(head - most + 1).join("")}`;
}

/** Properties in which a line break means one. */
const MULTI_LINE: ReadonlySet<string> = new Set(["problem", "fix", "text", "expected", "observed", "lookedFor", "end"]);

/** A copy of a value of plain data in which every string is safe to show: applied once, so that no renderer can forget it. */
export function allVisible<T>(value: T, property = ""): T {
  return copy(value, property) as T;
}

function copy(value: unknown, property: string): unknown {
  if (typeof value === "string") {
    return MULTI_LINE.has(property) ? visibleLines(value) : visible(value);
  }
  if (Array.isArray(value)) {
    return value.map((item) => copy(item, property));
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, key)]));
  }
  return value;
}

function show(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) {
    return String.fromCodePoint(0x2400 + code);
  }
  if (code === 0x7f) {
    return "␡";
  }
  return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
}

import type { HopField } from "./hop-fields.js";
import type { HopResult } from "./result.js";

const PER_LINE = 16;

type Mark = "allowed" | "violation" | undefined;

/** The bytes of a hop as Wireshark prints them, with those of changed fields marked. */
export function HexDump({ hop, fields }: { readonly hop: HopResult; readonly fields: readonly HopField[] }) {
  const bytes = hop.bytes.match(/../gs) ?? [];
  const marks = marksOf(fields, bytes.length);
  const lines = Array.from({ length: Math.ceil(bytes.length / PER_LINE) }, (_, line) => line * PER_LINE);
  return (
    <figure>
      <figcaption>
        {hop.tap}, {hop.direction}, {hop.length > bytes.length && `the first ${bytes.length} of `}
        {hop.length} bytes
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>
        {lines.map((start) => {
          const line = bytes.slice(start, start + PER_LINE);
          const gap = "   ".repeat(PER_LINE - line.length);
          return [
            `${start.toString(16).padStart(4, "0")}  `,
            ...runs(line, marks.slice(start))
              .map(({ mark, text }) => (mark ? <mark class={mark}>{text.trimEnd()}</mark> : text.trimEnd()))
              .flatMap((run) => [run, " "]),
            `${gap} ${line.map(printable).join("")}\n`,
          ];
        })}
      </pre>
    </figure>
  );
}

function marksOf(fields: readonly HopField[], length: number): readonly Mark[] {
  const marks = new Array<Mark>(length).fill(undefined);
  for (const field of fields) {
    for (let at = field.offset; at < Math.min(field.offset + field.length, length); at += 1) {
      // Flags share bytes: a violation must not be painted over by an allowed neighbour.
      if (field.change !== undefined && marks[at] !== "violation") {
        marks[at] = field.change === "violation" ? "violation" : "allowed";
      }
    }
  }
  return marks;
}

/** Neighbouring bytes with the same mark, as text. */
function runs(bytes: readonly string[], marks: readonly Mark[]): readonly { mark: Mark; text: string }[] {
  const found: { mark: Mark; text: string }[] = [];
  for (const [index, byte] of bytes.entries()) {
    const last = found.at(-1);
    if (last !== undefined && last.mark === marks[index]) {
      last.text += `${byte} `;
    } else {
      found.push({ mark: marks[index], text: `${byte} ` });
    }
  }
  return found;
}

function printable(byte: string): string {
  const code = Number.parseInt(byte, 16);
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : ".";
}

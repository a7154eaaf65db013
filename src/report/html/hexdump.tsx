import type { HopField } from "../hop-fields.js";
import type { HopResult } from "../result.js";

const PER_LINE = 16;

type Mark = "allowed" | "violation" | undefined;

interface HexDumpProps {
  readonly hop: HopResult;
  readonly fields: readonly HopField[];
  /** The field whose bytes are looked at. */
  readonly selected?: HopField | undefined;
}

interface Run {
  readonly mark: Mark;
  readonly isSelected: boolean;
  text: string;
}

/** The bytes of a hop as Wireshark prints them, with those of changed fields and of the selected one marked. */
export function HexDump({ hop, fields, selected }: HexDumpProps) {
  const bytes = hop.bytes.match(/../gs) ?? [];
  const marks = marksOf(fields, bytes.length);
  const lines = Array.from({ length: Math.ceil(bytes.length / PER_LINE) }, (_, line) => line * PER_LINE);
  const isSelected = (at: number) =>
    selected !== undefined && at >= selected.offset && at < selected.offset + selected.length;
  return (
    <figure class="hex">
      <figcaption>
        <b>{hop.tap}</b> {hop.direction === "in" ? "in" : "out"},{" "}
        {hop.length > bytes.length && `the first ${bytes.length} of `}
        {hop.length} bytes
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>
        {lines.map((start) => {
          const line = bytes.slice(start, start + PER_LINE);
          const runs = runsOf(line, (at) => ({ mark: marks[start + at], isSelected: isSelected(start + at) }));
          return [
            `${start.toString(16).padStart(4, "0")}  `,
            ...runs.flatMap((run) => [<Bytes key={run.text} run={run} />, " "]),
            `${"   ".repeat(PER_LINE - line.length)} ${line.map(printable).join("")}\n`,
          ];
        })}
      </pre>
    </figure>
  );
}

function Bytes({ run: { mark, isSelected, text } }: { readonly run: Run }) {
  if (!isSelected && mark === undefined) return <>{text}</>;
  return <mark class={`${mark ?? ""}${isSelected ? " selected" : ""}`}>{text}</mark>;
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

/** Neighbouring bytes that look alike, as text. */
function runsOf(bytes: readonly string[], lookOf: (at: number) => Omit<Run, "text">): readonly Run[] {
  const found: Run[] = [];
  for (const [at, byte] of bytes.entries()) {
    const look = lookOf(at);
    const last = found.at(-1);
    if (last?.mark === look.mark && last?.isSelected === look.isSelected) last.text += ` ${byte}`;
    else found.push({ ...look, text: byte });
  }
  return found;
}

function printable(byte: string): string {
  const code = Number.parseInt(byte, 16);
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : ".";
}

import type { Codec } from "./codec.js";
import type { View } from "./view.js";

/** One field of a header: what it is called, which bytes hold it, and how it is shown and written. */
export interface FieldEntry<V extends View = View> {
  /** Wireshark's name. */
  readonly name: string;
  readonly label: string;
  /** First byte that holds the field, relative to the header. */
  readonly at: number;
  readonly length: number;
  /** What may be written to it. */
  readonly allowed: string;
  /** The field reaches to the end of the header; `length` is then the least it takes up. */
  readonly toHeaderEnd: boolean;
  /** False where the header is of a kind that has no such field. */
  present(view: V): boolean;
  show(view: V): string;
  /** The text that `show` gives for a value; undefined where the field cannot hold it. */
  canonical(value: unknown): string | undefined;
  /** False where the field cannot hold the value; nothing is written then. */
  write(view: V, value: unknown): boolean;
}

/** A `FieldEntry` for a property of a view. */
export type FieldOf<V extends View> = <K extends keyof V>(
  name: string,
  label: string,
  place: readonly [at: number, length: number] | readonly [at: number, end: "header end"],
  property: K,
  codec: Codec<V[K]>,
  present?: (view: V) => boolean,
) => FieldEntry<V>;

/** The maker of one protocol's field table; the codec must be of the property's type. */
export function fieldOf<V extends View>(): FieldOf<V> {
  return (name, label, [at, length], property, codec, present = () => true) => ({
    name,
    label,
    at,
    length: length === "header end" ? 0 : length,
    toHeaderEnd: length === "header end",
    allowed: codec.allowed,
    present,
    show: (view) => codec.format(view[property]),
    canonical(value) {
      const parsed = codec.parse(value);
      return parsed === undefined ? undefined : codec.format(parsed);
    },
    write(view, value) {
      const parsed = codec.parse(value);
      if (parsed === undefined) return false;
      view[property] = parsed;
      return true;
    },
  });
}

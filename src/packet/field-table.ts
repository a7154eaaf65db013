import type { Codec } from "./codec.js";
import type { View } from "./view.js";

/** Which bytes of a header hold a field, relative to it. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

/** One field of a header: what it is called, which bytes hold it, and how it is shown and written. */
export interface FieldEntry<V extends View = View> {
  /** Wireshark's name. */
  readonly name: string;
  readonly label: string;
  /** What may be written to it. */
  readonly allowed: string;
  /** How many bytes it takes up differs from packet to packet: it is written when the room for it is made. */
  readonly variable: boolean;
  /** Undefined where the header is of a kind that has no such field. The header may be cut short before it. */
  place(view: V): Place | undefined;
  show(view: V): string;
  /** The text that `show` gives for a value; undefined where the field cannot hold it. */
  canonical(value: unknown): string | undefined;
  /** False where the field cannot hold the value; nothing is written then. */
  write(view: V, value: unknown): boolean;
}

/** Fixed bytes; all bytes from one to the header's end; or what the view says, which is then of a variable length. */
type PlaceOf<V extends View> =
  | readonly [at: number | ((view: V) => number), length: number | "header end"]
  | ((view: V) => readonly [at: number, length: number] | undefined);

/** A `FieldEntry` for a property of a view. */
export type FieldOf<V extends View> = <K extends keyof V>(
  name: string,
  label: string,
  place: PlaceOf<V>,
  property: K,
  codec: Codec<V[K]>,
  present?: (view: V) => boolean,
) => FieldEntry<V>;

/** The maker of one protocol's field table; the codec must be of the property's type. */
export function fieldOf<V extends View>(): FieldOf<V> {
  return (name, label, place, property, codec, present = () => true) => ({
    name,
    label,
    allowed: codec.allowed,
    variable: typeof place === "function" || place[1] === "header end",
    place: (view) => (present(view) ? placeIn(view, place) : undefined),
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

function placeIn<V extends View>(view: V, place: PlaceOf<V>): Place | undefined {
  const found = typeof place === "function" ? place(view) : place;
  if (!found) return undefined;
  const at = typeof found[0] === "function" ? found[0](view) : found[0];
  const length = found[1] === "header end" ? Math.max(0, view.headerLength - at) : found[1];
  return { at, length };
}

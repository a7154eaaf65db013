import type { HopField, HopResult } from "./result.js";

/** One header field across the hops of a journey. */
export interface FieldRow {
  readonly name: string;
  /** One cell a hop; undefined where the datagram has no such field there. */
  readonly cells: readonly (HopField | undefined)[];
}

/**
 * Lines up the fields of all hops, in the order of the headers.
 * A field that only some hops have (an outer header) stands behind the one that it follows there.
 */
export function fieldRows(hops: readonly HopResult[]): readonly FieldRow[] {
  const names: string[] = [];
  const byHop = hops.map((hop) => {
    const fields = new Map<string, HopField>();
    let at = 0;
    for (const field of hop.fields) {
      const known = names.indexOf(field.name);
      if (known < 0) {
        names.splice(at, 0, field.name);
        at += 1;
      } else {
        at = known + 1;
      }
      if (!fields.has(field.name)) {
        fields.set(field.name, field);
      }
    }
    return fields;
  });
  return names.map((name) => ({ name, cells: byHop.map((fields) => fields.get(name)) }));
}

/** True where every hop has the field with the same value, and no rule objects to that. */
export function isUnchanged({ cells }: FieldRow): boolean {
  return cells.every((cell) => cell !== undefined && cell.change === undefined && cell.value === cells[0]?.value);
}

/** The header that a field belongs to: `ip#2` for `ip.ttl#2`. */
export function headerOf(name: string): string {
  const [path = name, nth] = name.split("#", 2);
  const protocol = path.split(".", 1)[0] ?? path;
  return nth === undefined ? protocol : `${protocol}#${nth}`;
}

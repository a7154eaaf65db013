import type { HopField } from "./hop-fields.js";

/** One header field across the hops of a journey. */
export interface FieldRow {
  /** See align.ts. */
  readonly row: string;
  /** One cell a hop; undefined where the datagram has no such field there. */
  readonly cells: readonly (HopField | undefined)[];
}

/**
 * Lines up the fields of all hops, in the order of the headers.
 * A field that only some hops have (an outer header) stands behind the one that it follows there.
 */
export function fieldRows(hops: readonly (readonly HopField[])[]): readonly FieldRow[] {
  const rows: string[] = [];
  const byHop = hops.map((hop) => {
    const fields = new Map<string, HopField>();
    let at = 0;
    for (const field of hop) {
      const known = rows.indexOf(field.row);
      if (known < 0) {
        rows.splice(at, 0, field.row);
        at += 1;
      } else {
        at = known + 1;
      }
      if (!fields.has(field.row)) {
        fields.set(field.row, field);
      }
    }
    return fields;
  });
  return rows.map((row) => ({ row, cells: byHop.map((fields) => fields.get(row)) }));
}

/** True where every hop has the field with the same value, and no rule objects to that. */
export function isUnchanged({ cells }: FieldRow): boolean {
  return cells.every((cell) => cell !== undefined && cell.change === undefined && cell.value === cells[0]?.value);
}

/** What the field is called on its way: `ip.ttl`, or `ip.ttl / #2` where it is `ip.ttl#2` once a tunnel is put around it. */
export function namesOf({ row, cells }: FieldRow): string {
  const [first = row, ...others] = new Set(cells.flatMap((cell) => cell?.name ?? []));
  const plain = first.split("#", 1)[0] ?? first;
  return [first, ...others.map((name) => name.replace(plain, ""))].join(" / ");
}

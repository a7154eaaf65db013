import type { Row } from "./expectations.js";

/** A column of the matrix. */
export interface Table {
  /** Fields of the packet itself; of the inner packet under TUN. */
  readonly rows: readonly Row[];
  /** Fields of the headers that a tunnel puts around it. */
  readonly outer?: readonly Row[];
  /** Fields of the packet that an ICMP error quotes. */
  readonly quoted?: readonly Row[];
  /** The rule that says whether the packet is encapsulated. */
  readonly shape: string;
  /** The rule that the content of a fragmented datagram is judged by. */
  readonly fragments?: string;
}

/** The same column under other rules. */
export function renamed(table: Table, rename: (rule: string) => string): Table {
  const rows = (list: readonly Row[]) => list.map((row) => ({ ...row, rule: rename(row.rule) }));
  return {
    ...table,
    rows: rows(table.rows),
    ...(table.outer ? { outer: rows(table.outer) } : {}),
    ...(table.quoted ? { quoted: rows(table.quoted) } : {}),
    shape: rename(table.shape),
  };
}

/** The header fields of a hop, read from the bytes that a result keeps. */

import { fieldEntry } from "../packet/fields.js";
import { decodeLink, LINK_TYPE } from "../packet/link.js";
import { type AlignedField, alignedFields, isOfTunnel, rowIn } from "./align.js";
import type { ChangedField, HopResult } from "./result.js";

/** One field at one hop, as the page shows it. */
export interface HopField extends Pick<AlignedField, "name" | "row" | "offset" | "length"> {
  /** Empty where the result cannot tell; the finding does then. */
  readonly value: string;
  /** How it differs from the hop before; `added` with the header of a tunnel. */
  readonly change?: ChangedField["verdict"] | "added";
}

/** The fields of every hop of a journey, in the order of the hops. */
export function journeyFields(hops: readonly HopResult[]): readonly (readonly HopField[])[] {
  const found = hops.map(kept);
  return hops.map((hop, at) => {
    const before = found[hop.from ?? at - 1];
    const verdicts = new Map(hop.changed?.map(({ field, verdict }) => [field, verdict]));
    const isAdded = ({ row }: AlignedField) =>
      before !== undefined && isOfTunnel(row) && !before.fields.some((field) => field.row === row);
    const { fields, absent } = found[at] as Kept;
    const shown = fields.map((field): HopField => {
      const change = verdicts.get(field.name) ?? (isAdded(field) ? "added" : undefined);
      return change === undefined ? field : { ...field, change };
    });
    const lost = [...verdicts].filter(([name]) => fields.every((field) => field.name !== name));
    return [...shown, ...lost.map(([name, change]): HopField => ({ ...absent(name), change }))];
  });
}

interface Kept {
  readonly fields: readonly AlignedField[];
  /** A field that changed or broke a rule and that the kept bytes do not have. */
  absent(name: string): HopField;
}

/** Of a datagram that is kept in part: what the cut did not make wrong. */
function kept(hop: HopResult): Kept {
  // The page in a browser reads them as well, where there is no Buffer.
  const bytes = Uint8Array.from(hop.bytes.match(/../gs) ?? [], (byte) => Number.parseInt(byte, 16));
  const packet = decodeLink(hop.linkType ?? LINK_TYPE.ethernet, bytes, hop.length);
  const isCut = hop.length > bytes.length;
  // A field of a fixed length is there as a whole or not at all; one that reaches as far as the cut may go on behind it.
  const fields = alignedFields(packet).filter(
    ({ name, offset, length }) => !(isCut && isOpenEnded(name) && offset + length >= bytes.length),
  );
  return {
    fields,
    absent(name) {
      const value = fieldEntry(plainName(name)) === undefined ? "" : isCut ? "not kept" : "none";
      return { name, row: rowIn(packet, name), value, offset: 0, length: 0 };
    },
  };
}

function isOpenEnded(name: string): boolean {
  return fieldEntry(plainName(name))?.variable === true;
}

function plainName(name: string): string {
  return name.split("#", 1)[0] ?? name;
}

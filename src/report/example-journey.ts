/** Journeys for the example: what a packet looks like at each hop in, bytes and changed fields out. */

import { craft, type PacketSpec } from "../packet/craft.js";
import { LINK_TYPE } from "../packet/link.js";
import { decode } from "../packet/packet.js";
import { alignedFields, isOfTunnel } from "./align.js";
import type { ChangedField, HopResult, JourneyResult } from "./result.js";

interface Stop extends Pick<HopResult, "tap" | "direction" | "timeNs" | "from"> {
  readonly frame: number;
  readonly packet: PacketSpec;
  /** Fields whose change is no allowed one. */
  readonly violations?: readonly string[];
}

/** A journey on which every hop's packet is compared with that of the hop before. */
export function journey(title: string, stops: readonly Stop[]): JourneyResult {
  const packets = stops.map(({ packet }) => decode(craft(packet)));
  const hops = stops.map((stop, index): HopResult => {
    const { tap, direction, timeNs, from, frame, violations = [] } = stop;
    const packet = packets[index] ?? decode(new Uint8Array());
    const before = packets[from ?? index - 1];
    const known = new Map(before && alignedFields(before).map(({ row, value }) => [row, value]));
    const changed = alignedFields(packet)
      .filter(({ row, value }) => before !== undefined && !isOfTunnel(row) && known.get(row) !== value)
      .map(
        ({ name }): ChangedField => ({
          field: name,
          verdict: violations.includes(name) ? "violation" : "allowed",
        }),
      );
    return {
      tap,
      host: tap.split("/", 1)[0] ?? tap,
      direction,
      ...(from !== undefined && { from }),
      frames: [frame],
      timeNs,
      linkType: LINK_TYPE.ethernet,
      length: packet.bytes.length,
      bytes: Buffer.from(packet.bytes).toString("hex"),
      ...(changed.length > 0 && { changed }),
    };
  });
  return { title, hops };
}

/** Whom frames are for, also in cooked captures: those say that a frame was for the host, and by what MAC the host sends. */

import { SLL_PACKET_TYPE } from "../../packet/sll.js";
import { type Capture, type CapturedFrame, isUnicast } from "./capture.js";

/** The MAC that a frame of the capture is for; undefined where neither the frame nor the capture's others tell. */
export function receiversOf({ frames }: Capture): (frame: CapturedFrame) => string | undefined {
  const own = new Map<number | undefined, Set<string>>();
  for (const { packet } of frames) {
    const { sll, linkSrc } = packet;
    if (sll?.packetType !== SLL_PACKET_TYPE.outgoing || !isUnicast(linkSrc)) continue;
    own.set(sll.interfaceIndex, (own.get(sll.interfaceIndex) ?? new Set()).add(linkSrc));
  }
  return ({ packet: { linkDst, sll } }) => {
    if (sll?.packetType !== SLL_PACKET_TYPE.toHost) return linkDst;
    const [mac, other] = own.get(sll.interfaceIndex) ?? [];
    return other === undefined ? mac : undefined;
  };
}

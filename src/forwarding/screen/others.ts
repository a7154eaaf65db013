/** Which of the frames of no connection the rules are given. */

import { ETHERNET_HEADER_LENGTH, ETHERTYPE } from "../../packet/ethernet.js";
import { IP_PROTOCOL } from "../../packet/ip.js";
import { LINK_TYPE } from "../../packet/link.js";
import { isTag } from "./link-header.js";
import type { Located, RawFrame } from "./located.js";
import { COST } from "./sort.js";
import { TupleTable } from "./tuple-table.js";

/** Frames of one conversation that are judged. */
const MOST_OF_CONVERSATION = 200;
const MOST_CONVERSATIONS = 1 << 14;
const CONVERSATION_KEY = 6;
/** Ethernet's header and ARP's for IPv4. */
const ARP_END = 42;

/** Keeps the first frames of each conversation of a file. */
export class Others {
  readonly #located: Located;
  readonly #conversations = new TupleTable(CONVERSATION_KEY, CONVERSATION_KEY + 1, MOST_CONVERSATIONS);
  readonly #most: number;
  #kept = 0;
  /** Frames that were left out although they are about the setup's hosts; and all others. */
  leftOut = 0;
  leftOutForeign = 0;

  /**
   * @param located what the frames were located by
   * @param most frames that may be kept, long ones counted several times
   */
  constructor(located: Located, most: number) {
    this.#located = located;
    this.#most = most;
  }

  /** Whether the frame that was located last, which is of no connection, is one to be kept. */
  wants(frame: RawFrame): boolean {
    const conversations = this.#conversations;
    const isAboutSetup = this.#describe(frame, conversations.key);
    const entry = conversations.intern();
    const at = entry * conversations.stride + CONVERSATION_KEY;
    const count = entry < 0 ? MOST_OF_CONVERSATION : (conversations.cells[at] as number);
    if (count < MOST_OF_CONVERSATION && this.#kept < this.#most) {
      conversations.cells[at] = count + 1;
      this.#kept += Math.ceil(frame.captured / COST);
      return true;
    }
    if (isAboutSetup) this.leftOut++;
    else this.leftOutForeign++;
    return false;
  }

  /**
   * Tells conversations apart, in six integers.
   * @returns whether it is about the setup's hosts
   */
  #describe({ start, captured, source }: RawFrame, into: Int32Array): boolean {
    const located = this.#located;
    const { view } = located;
    into.fill(0);
    if (located.network >= 0) {
      into[0] = located.protocol;
      into[1] = located.srcA;
      into[2] = located.srcB;
      into[3] = located.dstA;
      into[4] = located.dstB;
      into[5] = located.port;
      return located.hasPeer || located.protocol === IP_PROTOCOL.icmpv6;
    }
    const arp = start + ETHERNET_HEADER_LENGTH;
    const isArp =
      source.linkType === LINK_TYPE.ethernet && captured >= ARP_END && view.getUint16(arp - 2) === ETHERTYPE.arp;
    if (!isArp) {
      into[0] = -1;
      // Other protocols are nobody's business, but of what cannot be read nobody knows what it is.
      const type =
        source.linkType === LINK_TYPE.ethernet && captured >= ETHERNET_HEADER_LENGTH ? view.getUint16(arp - 2) : 0;
      return type === 0 || type === ETHERTYPE.ipv4 || type === ETHERTYPE.ipv6 || isTag(type);
    }
    const [sender, target] = [view.getInt32(arp + 14, true), view.getInt32(arp + 24, true)];
    into[0] = -2;
    into[1] = sender;
    into[2] = target;
    into[3] = view.getUint16(arp + 6);
    return located.isServing(sender, 0) || located.isServing(target, 0);
  }
}

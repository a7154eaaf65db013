/** Which MAC belongs to which address, as ARP, neighbour discovery and the frames themselves tell. */

import { Icmpv6 } from "../../packet/icmpv6.js";
import { type Capture, type CapturedFrame, isUnicast } from "./capture.js";

/** So much more than any number of frames weighs what a host says about itself. */
const TOLD = 1_000_000;

/** For each address the MACs that were seen with it, and how much speaks for each. */
export class Neighbours {
  readonly #told = new Map<string, Map<string, number>>();
  readonly #seen = new Map<string, Map<string, number>>();
  /** Addresses seen behind a MAC: a router's has many. */
  readonly #behind = new Map<string, Set<string>>();

  constructor(captures: readonly Capture[]) {
    for (const { frames } of captures) for (const frame of frames) this.#learn(frame);
  }

  /** The MAC that an address has by ARP or neighbour discovery, which only its own segment hears. */
  told(ip: string): string | undefined {
    return heaviest(this.#told.get(ip));
  }

  /** Whether any frame was from or for an address. */
  isKnown(ip: string): boolean {
    return this.#told.has(ip) || this.#seen.has(ip);
  }

  /** The addresses that were told for a MAC. */
  addressesOf(mac: string): string[] {
    return [...this.#told.keys()].filter((ip) => this.told(ip) === mac);
  }

  /**
   * The MAC by the frames to and from the address alone: where no other address was seen behind that MAC, but for those
   * that are known to be the same host's.
   */
  seen(ip: string, ofSameHost: ReadonlySet<string>): string | undefined {
    const mac = heaviest(this.#seen.get(ip));
    const behind = mac === undefined ? undefined : this.#behind.get(mac);
    return behind !== undefined && [...behind].every((one) => one === ip || ofSameHost.has(one)) ? mac : undefined;
  }

  #learn({ packet }: CapturedFrame): void {
    const { linkSrc, linkDst, arp, ip, icmp } = packet;
    if (arp !== undefined) {
      if (arp.senderIp !== "0.0.0.0") vote(this.#told, arp.senderIp, arp.senderMac, TOLD);
      return;
    }
    if (ip === undefined) return;
    if (icmp instanceof Icmpv6 && icmp.isNeighbour) {
      const isTelling = icmp.kind === "neighbour-advertisement";
      if (icmp.linkAddress !== "") vote(this.#told, isTelling ? icmp.target : ip.src, icmp.linkAddress, TOLD);
      return;
    }
    this.#see(ip.src, linkSrc);
    this.#see(ip.dst, linkDst);
  }

  #see(ip: string, mac: string | undefined): void {
    if (!isUnicast(mac)) return;
    vote(this.#seen, ip, mac, 1);
    const behind = this.#behind.get(mac);
    if (behind === undefined) this.#behind.set(mac, new Set([ip]));
    else behind.add(ip);
  }
}

function vote(votes: Map<string, Map<string, number>>, ip: string, mac: string, weight: number): void {
  if (!isUnicast(mac)) return;
  const macs = votes.get(ip) ?? new Map<string, number>();
  votes.set(ip, macs);
  macs.set(mac, (macs.get(mac) ?? 0) + weight);
}

/** What has the most votes; undefined where there are none. */
export function heaviest(votes: ReadonlyMap<string, number> = new Map()): string | undefined {
  let best: string | undefined;
  let most = 0;
  for (const [value, weight] of votes) if (weight > most) [best, most] = [value, weight];
  return best;
}

import type { Nic } from "../../forwarding/setup.js";

/** How much a neighbour table holds; beyond it the oldest makes room. */
export interface NeighbourLimits {
  /** Neighbours whose address is known. */
  readonly known: number;
  /** Neighbours that are being asked for. */
  readonly asked: number;
  /** Datagrams that wait for one neighbour. */
  readonly waiting: number;
}

const LIMITS: NeighbourLimits = { known: 1024, asked: 256, waiting: 64 };

interface Question {
  readonly nic: Nic;
  readonly datagrams: Uint8Array[];
}

/**
 * The MAC addresses of next hops (RFC 826, `struct neighbour`).
 *
 * A datagram for an unknown neighbour waits for the ARP answer and then leaves in its place in the order. There is no
 * clock, so that a request is repeated by each further datagram instead of every second, and nothing grows stale.
 */
export class Neighbours {
  readonly #ask: (nic: Nic, ip: string) => void;
  readonly #deliver: (nic: Nic, mac: string, datagram: Uint8Array) => void;
  readonly #limits: NeighbourLimits;
  readonly #permanent = new Map<string, string>();
  readonly #learnt = new Map<string, string>();
  readonly #asked = new Map<string, Question>();

  /**
   * @param ask sends an ARP request for the address from the NIC
   * @param deliver sends an IP datagram from the NIC to the MAC
   */
  constructor(
    ask: (nic: Nic, ip: string) => void,
    deliver: (nic: Nic, mac: string, datagram: Uint8Array) => void,
    limits: NeighbourLimits = LIMITS,
  ) {
    this.#ask = ask;
    this.#deliver = deliver;
    this.#limits = limits;
  }

  /** Sends a datagram to a next hop, at once or as soon as its MAC is known. */
  send(nic: Nic, nextHop: string, datagram: Uint8Array): void {
    const mac = this.#permanent.get(nextHop) ?? this.#learnt.get(nextHop);
    if (mac !== undefined) {
      this.#deliver(nic, mac, datagram);
      return;
    }
    let question = this.#asked.get(nextHop);
    if (question === undefined) {
      makeRoom(this.#asked, this.#limits.asked);
      question = { nic, datagrams: [] };
      this.#asked.set(nextHop, question);
    }
    if (question.datagrams.length >= this.#limits.waiting) question.datagrams.shift();
    question.datagrams.push(datagram);
    this.#ask(nic, nextHop);
  }

  /**
   * An ARP packet said that this address is at this MAC (RFC 826, "merge flag").
   * @param spokeToUs the packet asked for an address of ours: then its sender is entered even where nobody asked for it
   */
  heard(ip: string, mac: string, spokeToUs: boolean): void {
    if (!spokeToUs && !this.#learnt.has(ip) && !this.#asked.has(ip)) return;
    if (!this.#learnt.has(ip)) makeRoom(this.#learnt, this.#limits.known);
    this.#learnt.set(ip, mac);
    this.#release(ip, this.#permanent.get(ip) ?? mac);
  }

  /** A permanent entry, which ARP does not change (`ip neigh replace … nud permanent`). */
  learn(ip: string, mac: string): void {
    this.#permanent.set(ip, mac.toLowerCase());
    this.#release(ip, mac.toLowerCase());
  }

  /** Forgets every entry, and drops what waits for an answer (`ip neigh flush nud all`). */
  forget(): void {
    this.#permanent.clear();
    this.#learnt.clear();
    this.#asked.clear();
  }

  #release(ip: string, mac: string): void {
    const question = this.#asked.get(ip);
    if (question === undefined) return;
    this.#asked.delete(ip);
    for (const datagram of question.datagrams) this.#deliver(question.nic, mac, datagram);
  }
}

function makeRoom(entries: Map<string, unknown>, limit: number): void {
  const [oldest] = entries.keys();
  if (oldest !== undefined && entries.size >= limit) entries.delete(oldest);
}

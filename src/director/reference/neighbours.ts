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

/** A neighbour that is being asked for: whoever has a clock says when it is to be asked again, and when for the last time. */
export interface Wait {
  readonly nic: Nic;
  readonly ip: string;
  /** False where nobody waits any more: the neighbour has answered, or was forgotten. */
  askAgain(): boolean;
  /** Nobody answers: gives up what waits. */
  giveUp(): void;
}

/** What a neighbour table has others do. */
export interface NeighbourActions<Datagram> {
  /** Asks on the NIC's link for an address. */
  ask(nic: Nic, ip: string): void;
  /** Sends from the NIC to the MAC. */
  deliver(nic: Nic, mac: string, datagram: Datagram): void;
  /** Told of every neighbour that is asked for and does not answer at once. */
  wait(wait: Wait): void;
  /** What cannot be delivered, for nobody answers. */
  lose(datagram: Datagram): void;
}

interface Question<Datagram> {
  readonly nic: Nic;
  readonly datagrams: Datagram[];
}

/**
 * The MAC addresses of next hops (RFC 826, RFC 4861 §7.2, `struct neighbour`).
 *
 * A datagram for an unknown neighbour waits for the answer and then leaves in its place in the order. There is no clock:
 * a question is repeated by each further datagram and by `Wait`, and nothing grows stale.
 */
export class Neighbours<Datagram> {
  readonly #actions: NeighbourActions<Datagram>;
  readonly #limits: NeighbourLimits;
  readonly #permanent = new Map<string, string>();
  readonly #learnt = new Map<string, string>();
  readonly #asked = new Map<string, Question<Datagram>>();

  constructor(actions: NeighbourActions<Datagram>, limits: NeighbourLimits = LIMITS) {
    this.#actions = actions;
    this.#limits = limits;
  }

  /** Sends a datagram to a next hop, at once or as soon as its MAC is known. */
  send(nic: Nic, nextHop: string, datagram: Datagram): void {
    const mac = this.#permanent.get(nextHop) ?? this.#learnt.get(nextHop);
    if (mac !== undefined) {
      this.#actions.deliver(nic, mac, datagram);
      return;
    }
    const known = this.#asked.get(nextHop);
    const question = known ?? { nic, datagrams: [] };
    if (question.datagrams.length >= this.#limits.waiting) question.datagrams.shift();
    question.datagrams.push(datagram);
    if (known === undefined) {
      makeRoom(this.#asked, this.#limits.asked);
      this.#asked.set(nextHop, question);
    }
    this.#actions.ask(nic, nextHop);
    if (known === undefined && this.#asked.get(nextHop) === question)
      this.#actions.wait(this.#waitFor(nextHop, question));
  }

  /**
   * A neighbour's packet said that this address is at this MAC (RFC 826, "merge flag").
   * @param spokeToUs the packet asked for an address of ours: then its sender is entered even where nobody asked for it
   */
  heard(ip: string, mac: string, spokeToUs: boolean): void {
    if (!spokeToUs && !this.#learnt.has(ip) && !this.#asked.has(ip)) return;
    if (!this.#learnt.has(ip)) makeRoom(this.#learnt, this.#limits.known);
    this.#learnt.set(ip, mac);
    this.#release(ip, this.#permanent.get(ip) ?? mac);
  }

  /** A permanent entry, which no packet changes (`ip neigh replace … nud permanent`). */
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
    for (const datagram of question.datagrams) this.#actions.deliver(question.nic, mac, datagram);
  }

  #waitFor(ip: string, question: Question<Datagram>): Wait {
    const { nic, datagrams } = question;
    const isOver = () => this.#asked.get(ip) !== question;
    return {
      nic,
      ip,
      askAgain: () => {
        if (isOver()) return false;
        this.#actions.ask(nic, ip);
        return true;
      },
      giveUp: () => {
        if (isOver()) return;
        this.#asked.delete(ip);
        for (const datagram of datagrams) this.#actions.lose(datagram);
      },
    };
  }
}

function makeRoom(entries: Map<string, unknown>, limit: number): void {
  const [oldest] = entries.keys();
  if (oldest !== undefined && entries.size >= limit) entries.delete(oldest);
}

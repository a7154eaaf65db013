import { macFromString } from "../packet/address.js";
import { NOBODY } from "../packet/arp.js";
import { ETHERTYPE } from "../packet/ethernet.js";
import { whoHas } from "../packet/who-has.js";
import type { Recorder } from "./recorder.js";

/** Milliseconds. They end a run that has already failed; no verdict waits for them. */
const ROUND_TIMEOUT = 5_000;
const START_TIMEOUT = 20_000;
const START_ROUND = 100;

/**
 * Milliseconds after which a silent NIC is asked again. A User-Mode Linux kernel may forget that there is something to
 * read (`sigio_handler` of arch/um/kernel/irq.c: entered again, it overwrites the events that it has not come to, and
 * epoll tells of each only once), until more comes: it then reads all, in order.
 */
const NUDGE = 50;

/** The lab did not come to rest, and who is to blame. */
export class NotSettled extends Error {
  override name = "NotSettled";
}

/** A NIC as canaries know it. */
export interface ProbedNic {
  readonly tap: string;
  readonly mac: string;
  /** An IPv4 address of it. */
  readonly ip: string;
}

interface Probe {
  readonly tap: string;
  readonly bridge: string;
  readonly request: Uint8Array;
}

/** Where Ethernet and ARP hold what canaries are told by. */
const ETHERNET_DESTINATION = 0;
const ETHERNET_SOURCE = 6;
const ETHERNET_TYPE = 12;
const ARP_SENDER_MAC = 22;

/**
 * Sends canaries through the bridges and waits for the answers. A canary is `who-has` a NIC's own address, sent to its
 * MAC; its sender address is 0.0.0.0 (RFC 5227 probe): the host answers, and learns nothing. The sender's MAC is that of
 * the round, so that an answer to an earlier round is not taken for one to this.
 */
export class Prober {
  readonly #probes: Probe[] = [];
  readonly #recorder: Recorder;
  #round = 0;
  /** The taps whose answer to this round is owed. */
  readonly #owed = new Set<string>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Adds the NICs of a segment; the canaries enter it through its bridge. */
  watch(bridge: string, nics: readonly ProbedNic[]): void {
    for (const nic of nics) this.#probes.push({ tap: nic.tap, bridge, request: canary(nic) });
  }

  /** Whether a frame is a canary or the answer to one. */
  isCanary(frame: Uint8Array): boolean {
    const isArp = frame[ETHERNET_TYPE] === ETHERTYPE.arp >> 8 && frame[ETHERNET_TYPE + 1] === (ETHERTYPE.arp & 0xff);
    return isArp && (isProberMac(frame, ETHERNET_DESTINATION) || isProberMac(frame, ETHERNET_SOURCE));
  }

  /** Takes a canary's answer that left a host. */
  answered(tap: string, frame: Uint8Array): void {
    if (roundOf(frame, ETHERNET_DESTINATION) === this.#round) this.#owed.delete(tap);
  }

  /**
   * Rounds until one is answered in full: a bridge port that has just come up may still drop what is sent.
   * @throws NotSettled with the NICs that did not answer.
   */
  async start(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT;
    while (!(await this.#askAll(START_ROUND)))
      if (performance.now() > deadline) throw new NotSettled(this.#complaint());
  }

  /** One canary to every NIC; resolves when all have answered. @throws NotSettled with the NICs that did not. */
  async round(): Promise<void> {
    if (!(await this.#askAll(ROUND_TIMEOUT))) throw new NotSettled(this.#complaint());
  }

  #complaint(): string {
    return `no answer to an ARP request for its own address from ${[...this.#owed].join(", ")}`;
  }

  /**
   * Whether `isThere` came true of what is recorded within `timeout` milliseconds. Meanwhile NICs are asked again and again:
   * what comes to a kernel makes it read what it has forgotten.
   * @param isAsked of which of them; left out: all.
   */
  async until(
    isThere: () => boolean,
    timeout: number,
    isAsked: (tap: string) => boolean = () => true,
  ): Promise<boolean> {
    const deadline = performance.now() + timeout;
    for (let asked = performance.now(); ; ) {
      this.#recorder.drain();
      if (isThere()) return true;
      const now = performance.now();
      if (now >= deadline) return false;
      if (now >= asked + NUDGE) {
        asked = now;
        this.#ask(isAsked);
      } else await this.#recorder.wait(Math.ceil(Math.min(deadline, asked + NUDGE) - now));
    }
  }

  #ask(isAsked: (tap: string) => boolean): void {
    for (const { tap, bridge, request } of this.#probes) {
      if (!isAsked(tap)) continue;
      setRound(request, ETHERNET_SOURCE, this.#round);
      setRound(request, ARP_SENDER_MAC, this.#round);
      this.#recorder.sendCanary(bridge, request);
    }
  }

  /** Whether every NIC has answered within `timeout` milliseconds. */
  #askAll(timeout: number): Promise<boolean> {
    this.#round = (this.#round + 1) % 2 ** 32;
    for (const { tap } of this.#probes) this.#owed.add(tap);
    const isOwed = (tap: string) => this.#owed.has(tap);
    this.#ask(isOwed);
    return this.until(() => this.#owed.size === 0, timeout, isOwed);
  }
}

/** The MACs of bridges and canaries begin with 02:ff, behind which a canary has its round; no host of a lab has such a one. */
const PROBER_MAC = "02:ff:00:00:00:00";
const PREFIX = macFromString(PROBER_MAC).subarray(0, 2);

function canary({ mac, ip }: ProbedNic): Uint8Array {
  return whoHas({ senderMac: PROBER_MAC, senderIp: NOBODY, target: ip, to: mac });
}

function isProberMac(frame: Uint8Array, offset: number): boolean {
  return frame[offset] === PREFIX[0] && frame[offset + 1] === PREFIX[1];
}

function roundOf(frame: Uint8Array, offset: number): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(offset + PREFIX.length);
}

function setRound(frame: Uint8Array, offset: number, round: number): void {
  new DataView(frame.buffer, frame.byteOffset).setUint32(offset + PREFIX.length, round);
}

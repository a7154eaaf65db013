import { interfaceIndex } from "../capture/libc.js";
import { type RawFrame, Ring } from "../capture/ring.js";

/** Memory of the record that nobody has read yet: 32,768 frames of up to 1,950 bytes. */
const RING = 64 << 20;
/** What the ring needs for a frame besides its IP packet: its own headers and that of Ethernet, with a tag. */
const OVERHEAD = 98;

/** The far end of a NIC, in the fabric: a bridge port. What leaves through the port, the host receives. */
export interface Tap {
  readonly name: string;
  readonly host: string;
  readonly take: (tap: Tap, frame: RawFrame) => void;
}

/** Milliseconds: somebody with less time to wait may come while a poll is under way. */
const LONGEST_POLL = 20;

/** Records every frame at every tap of a run, in one order. */
export class Recorder {
  readonly #ring: Ring;
  readonly #taps = new Map<number, Tap>();
  readonly #bridges = new Map<string, number>();

  /** @param mtu the largest of the NICs: no frame is to be cut. */
  constructor(mtu: number) {
    this.#ring = new Ring(RING, 2 ** Math.ceil(Math.log2(mtu + OVERHEAD)));
  }
  #waiting: (() => void)[] = [];
  #polling: Promise<void> | undefined;

  watch(device: string, tap: Tap): void {
    this.#taps.set(interfaceIndex(device), tap);
  }

  /** Sends a canary out of a bridge; canaries themselves are not recorded, their answers are. */
  sendCanary(bridge: string, frame: Uint8Array): void {
    const index = this.#bridges.get(bridge) ?? interfaceIndex(bridge);
    this.#bridges.set(bridge, index);
    this.#ring.send(index, frame);
  }

  /** Hands over everything that has been recorded up to now. */
  drain(): void {
    let drained = false;
    this.#ring.drain((frame) => {
      drained = true;
      const tap = this.#taps.get(frame.interfaceIndex);
      tap?.take(tap, frame);
    });
    // Whoever waits for the ring must not sleep on what another has taken out of it.
    if (drained) this.#wake();
  }

  /** Resolves when something was recorded, or after `timeout` milliseconds at the latest. */
  wait(timeout: number): Promise<void> {
    this.#polling ??= this.#ring.wait(Math.min(timeout, LONGEST_POLL)).finally(() => {
      this.#polling = undefined;
      this.#wake();
    });
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Frames that passed a tap and could not be recorded. */
  get lost(): number {
    return this.#ring.lost;
  }
}

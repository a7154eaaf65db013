import { interfaceIndex } from "../capture/libc.js";
import { type RawFrame, Ring } from "../capture/ring.js";

/** The far end of a NIC, in the fabric: a bridge port. What leaves through the port, the host receives. */
export interface Tap {
  readonly name: string;
  readonly host: string;
  readonly take: (tap: Tap, frame: RawFrame) => void;
}

/** Records every frame at every tap of a run, in one order. */
export class Recorder {
  readonly #ring = new Ring();
  readonly #taps = new Map<number, Tap>();

  watch(device: string, tap: Tap): void {
    this.#taps.set(interfaceIndex(device), tap);
  }

  /** Hands over everything that has been recorded up to now. */
  drain(): void {
    this.#ring.drain((frame) => {
      const tap = this.#taps.get(frame.interfaceIndex);
      tap?.take(tap, frame);
    });
  }

  /** Resolves when something was recorded, or after `timeout` milliseconds. */
  wait(timeout: number): Promise<void> {
    return this.#ring.wait(timeout);
  }

  /** Frames that passed a tap and could not be recorded. */
  get lost(): number {
    return this.#ring.lost;
  }
}

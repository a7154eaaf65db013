import type { Recorded } from "../../capture/read-capture.js";
import type { Whole } from "../../forwarding/captured/capture.js";

/** The frames of one interface of a file. */
export interface CaptureSeen {
  /** Which capture it is, to the screen that saw it. */
  readonly key: number;
  readonly file: number;
  /** Empty where the file tells none. */
  readonly interfaceName: string;
  readonly whole: Whole;
}

/** Frames and times of one capture. */
class Extent {
  readonly key: number;
  readonly #file: number;
  readonly #interfaceName: string;
  #frames = 0;
  #from: [number, number] = [Number.POSITIVE_INFINITY, 0];
  #to: [number, number] = [Number.NEGATIVE_INFINITY, 0];

  constructor(key: number, file: number, interfaceName: string) {
    this.key = key;
    this.#file = file;
    this.#interfaceName = interfaceName;
  }

  add({ seconds, nanoseconds }: Recorded): void {
    this.#frames++;
    const [from, to] = [this.#from, this.#to];
    if (seconds < from[0] || (seconds === from[0] && nanoseconds < from[1]))
      [from[0], from[1]] = [seconds, nanoseconds];
    if (seconds > to[0] || (seconds === to[0] && nanoseconds > to[1])) [to[0], to[1]] = [seconds, nanoseconds];
  }

  get seen(): CaptureSeen {
    const whole = { frames: this.#frames, from: time(this.#from), to: time(this.#to) };
    return { key: this.key, file: this.#file, interfaceName: this.#interfaceName, whole };
  }
}

function time([seconds, nanoseconds]: readonly [number, number]): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}

/** Tells the captures of files apart, by the names of the interfaces. */
export class Extents {
  readonly #all: Extent[] = [];
  readonly #ofFile = new Map<string, Extent>();
  #file = 0;
  #source: Recorded["source"] | undefined;
  #last: Extent | undefined;

  /** What comes now is of another file. */
  begin(file: number): void {
    this.#file = file;
    this.#ofFile.clear();
    this.#source = undefined;
  }

  /** @returns the key of the frame's capture */
  add(record: Recorded): number {
    if (record.source !== this.#source) this.#last = this.#find(record.source);
    this.#last?.add(record);
    return this.#last?.key ?? 0;
  }

  get seen(): CaptureSeen[] {
    return this.#all.map(({ seen }) => seen);
  }

  #find(source: Recorded["source"]): Extent {
    this.#source = source;
    const name = source.name ?? "";
    const known = this.#ofFile.get(name);
    if (known !== undefined) return known;
    const extent = new Extent(this.#all.length, this.#file, name);
    this.#all.push(extent);
    this.#ofFile.set(name, extent);
    return extent;
  }
}

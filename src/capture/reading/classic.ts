import {
  checkLength,
  DIRECTION,
  Flaw,
  type Format,
  type Interface,
  type Recorded,
  Refusal,
  type State,
  type Visit,
  viewOf,
} from "./record.js";

export const CLASSIC_HEADER = 24;

/** By magic number, as it stands in a file of the own byte order: nanoseconds in a unit of time, bytes before a packet. */
const VARIANTS: ReadonlyMap<number, { readonly unit: number; readonly header: number }> = new Map([
  [0xa1b2c3d4, { unit: 1000, header: 16 }],
  [0xa1b23c4d, { unit: 1, header: 16 }],
  // Kuznetzov's: an interface, a protocol and a packet type behind the usual four numbers.
  [0xa1b2cd34, { unit: 1000, header: 24 }],
]);

/** The upper half has the length of frame check sequences and reserved bits. */
const LINK_TYPE = 0xffff;

/** Whether a file that begins so is a classic capture, and of which byte order. */
export function classicOrder(bytes: Uint8Array): "little" | "big" | undefined {
  const view = viewOf(bytes);
  if (VARIANTS.has(view.getUint32(0, true))) return "little";
  return VARIANTS.has(view.getUint32(0, false)) ? "big" : undefined;
}

/** libpcap's own format. @see draft-ietf-opsawg-pcap */
export class Classic implements Format {
  need: number;
  readonly state: State;
  readonly #little: boolean;
  readonly #unit: number;
  readonly #header: number;
  readonly #record: Recorded;
  readonly #visit: Visit;

  /**
   * @param header the first `CLASSIC_HEADER` bytes of a file.
   * @param number of the last packet that was read before
   * @throws Refusal where the version is not 2.4, the only one written since 1998.
   */
  constructor(header: Uint8Array, visit: Visit, number = 0) {
    const view = viewOf(header);
    const little = classicOrder(header) === "little";
    const variant = VARIANTS.get(view.getUint32(0, little));
    if (variant === undefined) throw new Error("a caller must know that it is a classic capture");
    const [major, minor] = [view.getUint16(4, little), view.getUint16(6, little)];
    if (major !== 2 || minor !== 4)
      throw new Refusal(`is a pcap file of version ${major}.${minor}; only 2.4 can be read`);
    const source: Interface = {
      index: 0,
      linkType: view.getUint32(20, little) & LINK_TYPE,
      snapLength: view.getUint32(16, little),
    };
    this.state = { format: "classic", header: Uint8Array.from(header) };
    this.#little = little;
    this.#unit = variant.unit;
    this.#header = variant.header;
    this.need = variant.header;
    this.#visit = visit;
    this.#record = {
      number,
      bytes: Buffer.alloc(0),
      start: 0,
      captured: 0,
      original: 0,
      seconds: 0,
      nanoseconds: 0,
      direction: DIRECTION.unknown,
      source,
    };
  }

  get number(): number {
    return this.#record.number;
  }

  read(bytes: Buffer, from: number): number {
    const view = viewOf(bytes);
    const record = this.#record;
    const [little, unit, header, visit] = [this.#little, this.#unit, this.#header, this.#visit];
    const end = bytes.length;
    record.bytes = bytes;
    for (let at = from; ; ) {
      const start = at + header;
      if (start > end) {
        this.need = header;
        return at;
      }
      const captured = view.getUint32(at + 8, little);
      checkLength(captured);
      if (start + captured > end) {
        this.need = header + captured;
        return at;
      }
      const original = view.getUint32(at + 12, little);
      const seconds = view.getUint32(at, little);
      const nanoseconds = view.getUint32(at + 4, little) * unit;
      if (original === 0 && seconds === 0)
        throw new Flaw("what follows is empty: space that was set aside for packets and never written");
      record.number++;
      record.start = start;
      record.captured = captured;
      // Some programs write less than they recorded; libpcap takes both as they are.
      record.original = Math.max(original, captured);
      // Some write nanoseconds into a file of microseconds.
      const carried = nanoseconds < 1e9 ? 0 : Math.floor(nanoseconds / 1e9);
      record.seconds = seconds + carried;
      record.nanoseconds = nanoseconds - carried * 1e9;
      visit(record);
      at = start + captured;
    }
  }
}

import {
  checkLength,
  type Described,
  DIRECTION,
  Flaw,
  type Format,
  type Recorded,
  type State,
  type Visit,
  viewOf,
} from "./record.js";
import { Ticks } from "./ticks.js";

export const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;

const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

/** By type of block: the fewest bytes of one that is read; others are skipped. */
const SHORTEST: ReadonlyMap<number, number> = new Map([
  [SECTION_HEADER, 28],
  [INTERFACE_DESCRIPTION, 20],
  [OBSOLETE_PACKET, 32],
  [SIMPLE_PACKET, 16],
  [ENHANCED_PACKET, 32],
]);
const SHORTEST_OTHER = 12;
/** Journal entries and custom blocks, which are no packets but have a number in Wireshark. */
const NUMBERED: ReadonlySet<number> = new Set([9, 0x0bad, 0x40000bad]);
/** A block that is read must fit into memory: the longest packet, and plenty of comments. */
const LONGEST_BLOCK = 1 << 20;
const MOST_INTERFACES = 4096;
const LONGEST_NAME = 256;

const OPTION = { end: 0, ifName: 2, packetFlags: 2, ifTsresol: 9, ifTsoffset: 14 } as const;

type BlocksState = State & { readonly format: "blocks" };
const BEGINNING: BlocksState = { format: "blocks", little: true, interfaces: [] };

/** @see draft-ietf-opsawg-pcapng */
export class Blocks implements Format {
  need = SHORTEST_OTHER;
  #little: boolean;
  #interfaces: Described[];
  #clocks: Ticks[];
  /** What marks have been given, since anything in it changed. */
  #state: State | undefined;
  readonly #record: Recorded;
  readonly #visit: Visit;

  /**
   * @param state of a mark; left out: at the beginning of a file
   * @param number of the last packet that was read before
   */
  constructor(visit: Visit, state: BlocksState = BEGINNING, number = 0) {
    this.#visit = visit;
    this.#little = state.little;
    this.#interfaces = [...state.interfaces];
    this.#clocks = state.interfaces.map(({ resolution, offset }) => new Ticks(resolution, offset));
    this.#record = {
      number,
      bytes: Buffer.alloc(0),
      start: 0,
      captured: 0,
      original: 0,
      seconds: 0,
      nanoseconds: 0,
      direction: DIRECTION.unknown,
      source: { index: 0, linkType: 0, snapLength: 0 },
    };
  }

  get state(): State {
    this.#state ??= { format: "blocks", little: this.#little, interfaces: this.#interfaces };
    return this.#state;
  }

  get number(): number {
    return this.#record.number;
  }

  read(bytes: Buffer, from: number): number {
    const view = viewOf(bytes);
    this.#record.bytes = bytes;
    for (let at = from; ; ) {
      if (at + SHORTEST_OTHER > bytes.length) {
        this.need = SHORTEST_OTHER;
        return at;
      }
      const type = view.getUint32(at, this.#little);
      if (type === SECTION_HEADER) {
        this.#little = isLittle(view, at + 8);
        this.#state = undefined;
      }
      const length = view.getUint32(at + 4, this.#little);
      const shortest = SHORTEST.get(type);
      if (length < (shortest ?? SHORTEST_OTHER) || length % 4 !== 0)
        throw new Flaw(`the next block is of type ${type} and claims ${length} bytes, which no such block has`);
      if (length > LONGEST_BLOCK) {
        if (shortest !== undefined)
          throw new Flaw(
            `the next block claims ${length} bytes, and blocks of more than ${LONGEST_BLOCK} are not read`,
          );
        at += length;
        continue;
      }
      if (at + length > bytes.length) {
        this.need = length;
        return at;
      }
      const again = view.getUint32(at + length - 4, this.#little);
      if (again !== length)
        throw new Flaw(`the next block begins with a length of ${length} and ends with one of ${again}`);
      this.#block(type, view, at, length);
      at += length;
    }
  }

  #block(type: number, view: DataView, at: number, length: number): void {
    const little = this.#little;
    const end = at + length - 4;
    switch (type) {
      case ENHANCED_PACKET:
        this.#packet(view, at, end, view.getUint32(at + 8, little));
        break;
      case SIMPLE_PACKET:
        this.#simplePacket(view, at, end);
        break;
      case OBSOLETE_PACKET:
        this.#packet(view, at, end, view.getUint16(at + 8, little));
        break;
      case INTERFACE_DESCRIPTION:
        this.#interface(view, at, end);
        break;
      case SECTION_HEADER: {
        const [major, minor] = [view.getUint16(at + 12, little), view.getUint16(at + 14, little)];
        if (major !== 1) throw new Flaw(`what follows is pcapng of version ${major}.${minor}; only 1.0 can be read`);
        this.#interfaces = [];
        this.#clocks = [];
        break;
      }
      default:
        if (NUMBERED.has(type)) this.#record.number++;
    }
  }

  /** Enhanced and obsolete packet blocks differ in how they tell the interface. */
  #packet(view: DataView, at: number, end: number, index: number): void {
    const little = this.#little;
    const [source, clock] = [this.#interfaces[index], this.#clocks[index]];
    if (source === undefined || clock === undefined) throw this.#noInterface(index);
    const captured = view.getUint32(at + 20, little);
    checkLength(captured);
    const start = at + 28;
    if (start + captured > end)
      throw new Flaw(`the next packet claims ${captured} recorded bytes, more than its block holds`);
    clock.set(view.getUint32(at + 12, little), view.getUint32(at + 16, little));
    const record = this.#record;
    record.start = start;
    record.captured = captured;
    record.original = Math.max(view.getUint32(at + 24, little), captured);
    record.seconds = clock.seconds;
    record.nanoseconds = clock.nanoseconds;
    record.source = source;
    record.direction = DIRECTION.unknown;
    const options = start + ((captured + 3) & ~3);
    if (options < end)
      this.#options(view, options, end, (code, value, size) => {
        if (code !== OPTION.packetFlags || size !== 4) return;
        const direction = view.getUint32(value, little) & 3;
        record.direction = direction === 3 ? DIRECTION.unknown : direction;
      });
    record.number++;
    this.#visit(record);
  }

  /** One of the first interface, whose snap length alone tells how much of it was recorded. */
  #simplePacket(view: DataView, at: number, end: number): void {
    const source = this.#interfaces[0];
    if (source === undefined) throw this.#noInterface(0);
    const original = view.getUint32(at + 8, this.#little);
    const start = at + 12;
    const captured = Math.min(original, source.snapLength || original, end - start);
    checkLength(captured);
    const record = this.#record;
    record.number++;
    record.start = start;
    record.captured = captured;
    record.original = original;
    record.seconds = 0;
    record.nanoseconds = 0;
    record.direction = DIRECTION.unknown;
    record.source = source;
    this.#visit(record);
  }

  #interface(view: DataView, at: number, end: number): void {
    const little = this.#little;
    const index = this.#interfaces.length;
    if (index === MOST_INTERFACES) throw new Flaw(`a section describes more than ${MOST_INTERFACES} interfaces`);
    let name: string | undefined;
    let resolution: number | undefined;
    let offset: bigint | undefined;
    this.#options(view, at + 16, end, (code, value, size) => {
      if (code === OPTION.ifName) name = text(view, value, size);
      if (code === OPTION.ifTsresol && size === 1) resolution = view.getUint8(value);
      if (code === OPTION.ifTsoffset && size === 8) offset = view.getBigInt64(value, little);
    });
    this.#clocks.push(new Ticks(resolution, offset));
    const described: Described = {
      index,
      linkType: view.getUint16(at + 8, little),
      snapLength: view.getUint32(at + 12, little),
      ...(name === undefined ? {} : { name }),
      ...(resolution === undefined ? {} : { resolution }),
      ...(offset === undefined ? {} : { offset }),
    };
    // A mark may have the list as it is.
    if (this.#state !== undefined) this.#interfaces = [...this.#interfaces];
    this.#interfaces.push(described);
    this.#state = undefined;
  }

  /** @throws Flaw where an option does not fit into the block. */
  #options(view: DataView, from: number, end: number, each: (code: number, value: number, size: number) => void): void {
    for (let at = from; at + 4 <= end; ) {
      const code = view.getUint16(at, this.#little);
      const size = view.getUint16(at + 2, this.#little);
      if (code === OPTION.end) return;
      if (at + 4 + size > end)
        throw new Flaw(`an option of the next block claims ${size} bytes, more than the block holds`);
      each(code, at + 4, size);
      at += 4 + ((size + 3) & ~3);
    }
  }

  #noInterface(index: number): Flaw {
    const described = this.#interfaces.length;
    return new Flaw(`the next packet is of interface ${index}, and its section describes ${described || "none"}`);
  }
}

function isLittle(view: DataView, at: number): boolean {
  if (view.getUint32(at, true) === BYTE_ORDER) return true;
  if (view.getUint32(at, false) === BYTE_ORDER) return false;
  throw new Flaw("a section's header begins with a number that is of neither byte order");
}

function text(view: DataView, at: number, size: number): string {
  const bytes = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + at, size);
  return bytes.toString("utf8").replace(/\0.*$/s, "").slice(0, LONGEST_NAME);
}

/** Capture files, byte by byte, in either byte order. */

export type Order = "little" | "big";

/** Numbers of 16, 32 and 64 bits in one order, and bytes as they are. */
export class Bytes {
  readonly #parts: Uint8Array[] = [];
  readonly #little: boolean;

  constructor(order: Order) {
    this.#little = order === "little";
  }

  u16(...values: number[]): this {
    return this.#put(2, values, (view, value) => view.setUint16(0, value, this.#little));
  }

  u32(...values: number[]): this {
    return this.#put(4, values, (view, value) => view.setUint32(0, value, this.#little));
  }

  i64(...values: bigint[]): this {
    return this.#put(8, values, (view, value) => view.setBigInt64(0, value, this.#little));
  }

  raw(...values: Uint8Array[]): this {
    this.#parts.push(...values);
    return this;
  }

  padded(bytes: Uint8Array): this {
    return this.raw(bytes, new Uint8Array(-bytes.length & 3));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #put<T>(size: number, values: readonly T[], set: (view: DataView, value: T) => void): this {
    for (const value of values) {
      const bytes = new Uint8Array(size);
      set(new DataView(bytes.buffer), value);
      this.#parts.push(bytes);
    }
    return this;
  }
}

export interface Packet {
  readonly bytes: Uint8Array;
  readonly original?: number;
  readonly seconds?: number;
  /** In the file's own unit. */
  readonly fraction?: number;
}

export interface ClassicParts {
  readonly order?: Order;
  readonly magic?: number;
  readonly version?: readonly [number, number];
  readonly network?: number;
  readonly snapLength?: number;
  /** Between the lengths and the packet. */
  readonly extra?: Uint8Array;
}

export const MAGIC = { micro: 0xa1b2c3d4, nano: 0xa1b23c4d, modified: 0xa1b2cd34 } as const;

export function classicFile(packets: readonly Packet[], parts: ClassicParts = {}): Buffer {
  const { order = "little", magic = MAGIC.micro, version = [2, 4], network = 1, snapLength = 65_535, extra } = parts;
  const file = new Bytes(order)
    .u32(magic)
    .u16(...version)
    .u32(0, 0, snapLength, network);
  for (const { bytes, original = bytes.length, seconds = 1, fraction = 0 } of packets)
    file.u32(seconds, fraction, bytes.length, original).raw(extra ?? new Uint8Array(), bytes);
  return file.bytes;
}

export type Option = readonly [code: number, value: Uint8Array];

/** Blocks of pcapng. */
export class Section {
  readonly #order: Order;
  readonly #blocks: Buffer[] = [];

  constructor(order: Order = "little", version: readonly [number, number] = [1, 0]) {
    this.#order = order;
    this.block(
      0x0a0d0d0a,
      this.#new()
        .u32(0x1a2b3c4d)
        .u16(...version)
        .i64(-1n).bytes,
    );
  }

  #new(): Bytes {
    return new Bytes(this.#order);
  }

  block(type: number, body: Uint8Array): this {
    const length = body.length + 12;
    this.#blocks.push(this.#new().u32(type, length).raw(body).u32(length).bytes);
    return this;
  }

  number(value: number): Buffer {
    return this.#new().u32(value).bytes;
  }

  long(value: bigint): Buffer {
    return this.#new().i64(value).bytes;
  }

  #options(options: readonly Option[]): Buffer {
    const bytes = this.#new();
    for (const [code, value] of options) bytes.u16(code, value.length).padded(value);
    return options.length === 0 ? bytes.bytes : bytes.u16(0, 0).bytes;
  }

  interface(linkType: number, snapLength = 0, ...options: Option[]): this {
    return this.block(1, this.#new().u16(linkType, 0).u32(snapLength).raw(this.#options(options)).bytes);
  }

  enhanced(id: number, ticks: bigint, bytes: Uint8Array, original = bytes.length, ...options: Option[]): this {
    const [high, low] = [Number(ticks >> 32n), Number(ticks & 0xffffffffn)];
    const head = this.#new().u32(id, high, low, bytes.length, original);
    return this.block(6, head.padded(bytes).raw(this.#options(options)).bytes);
  }

  obsolete(id: number, ticks: bigint, bytes: Uint8Array, original = bytes.length, ...options: Option[]): this {
    const [high, low] = [Number(ticks >> 32n), Number(ticks & 0xffffffffn)];
    const head = this.#new().u16(id, 7).u32(high, low, bytes.length, original);
    return this.block(2, head.padded(bytes).raw(this.#options(options)).bytes);
  }

  simple(bytes: Uint8Array, original = bytes.length): this {
    return this.block(3, this.#new().u32(original).padded(bytes).bytes);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#blocks);
  }
}

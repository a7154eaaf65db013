/**
 * What all headers share: a view reads and writes a header in place and owns no bytes.
 *
 * A view over bytes that passed the protocol's `check` never reads outside of them. Bytes that are not there
 * (a header cut short by an ICMP quote) read as 0, and writing them does nothing; no getter throws.
 * Setters keep the low bits of what they are given: ranges are checked where packets are crafted, not here.
 */
export abstract class View {
  readonly bytes: Uint8Array;
  /** First byte of the header, relative to `bytes`. */
  readonly offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.bytes = bytes;
    this.offset = offset;
  }

  /** Bytes that the header takes up, options and all. */
  abstract get headerLength(): number;

  protected u8(at: number): number {
    return this.bytes[this.offset + at] ?? 0;
  }

  protected u16(at: number): number {
    return read16(this.bytes, this.offset + at);
  }

  protected u32(at: number): number {
    return read32(this.bytes, this.offset + at);
  }

  protected set8(at: number, value: number): void {
    this.bytes[this.offset + at] = value;
  }

  protected set16(at: number, value: number): void {
    write16(this.bytes, this.offset + at, value);
  }

  protected set32(at: number, value: number): void {
    write32(this.bytes, this.offset + at, value);
  }

  /** Replaces the bits of `mask` in one byte and leaves the others. */
  protected setBits(at: number, mask: number, bits: number): void {
    this.set8(at, (this.u8(at) & ~mask) | (bits & mask));
  }

  /** The options behind a header's fixed part, as far as they are there. */
  protected optionsBehind(fixedLength: number): Uint8Array {
    const start = this.offset + fixedLength;
    return this.bytes.subarray(start, Math.max(start, this.offset + this.headerLength));
  }

  /** Writes options, padded with zeros to whole 32-bit words; `bytes` must have room for them. */
  protected setOptionsBehind(fixedLength: number, options: Uint8Array): void {
    const start = this.offset + fixedLength;
    this.bytes.fill(0, start, start + wholeWords(options.length));
    this.bytes.set(options, start);
  }
}

export function read16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function read32(bytes: Uint8Array, at: number): number {
  return read16(bytes, at) * 0x10000 + read16(bytes, at + 2);
}

export function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function write32(bytes: Uint8Array, at: number, value: number): void {
  write16(bytes, at, value >>> 16);
  write16(bytes, at + 2, value);
}

/** Rounds up to 32-bit words, the unit in which IPv4 and TCP count their headers. */
export function wholeWords(length: number): number {
  return (length + 3) & ~3;
}

import { expect } from "chai";
import fc from "fast-check";
import { classicFile, MAGIC, Section } from "./files.test-support.js";
import { Flaw, Refusal } from "./record.js";
import { RecordReader } from "./record-reader.js";

interface Seen {
  readonly number: number;
  readonly bytes: string;
  readonly original: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly linkType: number;
}

interface Outcome {
  readonly seen: Seen[];
  readonly end: "whole" | "flaw" | "refusal";
}

/** @throws whatever a reader must not throw */
function read(pieces: readonly Buffer[]): Outcome {
  const seen: Seen[] = [];
  const reader = new RecordReader(({ number, bytes, start, captured, original, seconds, nanoseconds, source }) => {
    if (start < 0 || start + captured > bytes.length) throw new Error("a packet beyond its buffer");
    const copy = bytes.toString("hex", start, start + captured);
    seen.push({ number, bytes: copy, original, seconds, nanoseconds, linkType: source.linkType });
  });
  try {
    for (const piece of pieces) reader.push(piece);
    reader.end();
    return { seen, end: "whole" };
  } catch (error) {
    if (error instanceof Flaw) return { seen, end: "flaw" };
    if (error instanceof Refusal) return { seen, end: "refusal" };
    throw error;
  }
}

const order = fc.constantFrom("little" as const, "big" as const);

const packet = fc.record({
  bytes: fc.uint8Array({ maxLength: 80 }),
  seconds: fc.integer({ min: 1, max: 0x7fffffff }),
  fraction: fc.nat(999_999),
});

/** A file, and where each of its records ends. */
interface Written {
  readonly file: Buffer;
  readonly ends: readonly number[];
}

const classic: fc.Arbitrary<Written> = fc
  .record({
    packets: fc.array(packet, { maxLength: 12 }),
    order,
    variant: fc.constantFrom(
      { magic: MAGIC.micro },
      { magic: MAGIC.nano },
      { magic: MAGIC.modified, extra: new Uint8Array(8) },
    ),
  })
  .map(({ packets, order, variant }) => ({
    file: classicFile(packets, { order, ...variant }),
    ends: packets.map((_, i) => classicFile(packets.slice(0, i + 1), { order, ...variant }).length),
  }));

const blocks: fc.Arbitrary<Written> = fc
  .record({
    order,
    packets: fc.array(fc.tuple(fc.constantFrom("enhanced", "obsolete", "simple", "other"), packet), { maxLength: 12 }),
  })
  .map(({ order, packets }) => {
    const section = new Section(order).interface(1, 0, [2, Buffer.from("eth0")], [9, Uint8Array.of(9)]).interface(113);
    const ends: number[] = [];
    for (const [kind, { bytes, fraction }] of packets) {
      if (kind === "enhanced") section.enhanced(1, BigInt(fraction), bytes, 99, [2, section.number(1)]);
      if (kind === "obsolete") section.obsolete(0, BigInt(fraction), bytes);
      if (kind === "simple") section.simple(bytes);
      if (kind === "other") section.block(11, Buffer.alloc((bytes.length + 3) & ~3));
      else ends.push(section.bytes.length);
    }
    return { file: section.bytes, ends };
  });

const written = fc.oneof(classic, blocks);

function cut(file: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(file.subarray(at, at + length));
    at += length;
  }
  return [...pieces, file.subarray(at)];
}

describe("reading records", () => {
  it("gives the same wherever a file is cut into pieces", () => {
    fc.assert(
      fc.property(written, fc.array(fc.nat(40), { maxLength: 60 }), ({ file, ends }, lengths) => {
        const whole = read([file]);
        expect(whole.end).to.equal("whole");
        expect(whole.seen).to.have.length(ends.length);
        expect(read(cut(file, lengths))).to.deep.equal(whole);
        expect(read(cut(file, new Array(file.length).fill(1)))).to.deep.equal(whole);
      }),
    );
  });

  it("does not touch the pieces, nor rely on them once they are pushed", () => {
    fc.assert(
      fc.property(written, fc.array(fc.nat(40), { maxLength: 60 }), ({ file }, lengths) => {
        const seen: string[] = [];
        const reader = new RecordReader(({ bytes, start, captured }) =>
          seen.push(bytes.toString("hex", start, start + captured)),
        );
        for (const piece of cut(file, lengths)) {
          const copy = Buffer.from(piece);
          reader.push(copy);
          expect(copy.equals(piece)).to.equal(true);
          copy.fill(0xee);
        }
        reader.end();
        expect(seen).to.deep.equal(read([file]).seen.map(({ bytes }) => bytes));
      }),
    );
  });

  it("gives the frames before the end of a file that is cut off, and says so", () => {
    fc.assert(
      fc.property(written, fc.double({ min: 0, max: 1, noNaN: true }), ({ file, ends }, share) => {
        const length = Math.floor(share * (file.length - 1));
        const { seen, end } = read([file.subarray(0, length)]);
        expect(seen).to.deep.equal(read([file]).seen.slice(0, ends.filter((at) => at <= length).length));
        expect(end === "refusal").to.equal(length < 24);
      }),
    );
  });

  it("gives every frame before a change, and ends with nothing but a flaw or a refusal, whatever is changed", () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
    });
    fc.assert(
      fc.property(
        written,
        change,
        fc.array(fc.nat(200), { maxLength: 5 }),
        ({ file, ends }, { at, bytes }, lengths) => {
          const changed = Buffer.from(file);
          const from = Math.floor(at * file.length);
          changed.set(bytes.subarray(0, file.length - from), from);
          const { seen } = read(cut(changed, lengths));
          if (from < 24) return;
          const before = ends.filter((end) => end <= from).length;
          const sound = read([file]).seen.slice(0, before);
          // An interface's clock or link type may be what was changed: its packets' bytes are still the same.
          expect(seen.slice(0, before).map(({ bytes: copy }) => copy)).to.deep.equal(
            sound.map(({ bytes: copy }) => copy),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("ends with nothing but a flaw or a refusal on any bytes behind any beginning", () => {
    const heads = [
      classicFile([]),
      classicFile([], { order: "big" }),
      new Section().bytes,
      new Section("big").interface(1).bytes,
    ];
    fc.assert(
      fc.property(fc.constantFrom(Buffer.alloc(0), ...heads), fc.uint8Array({ maxLength: 300 }), (head, tail) => {
        read([head, Buffer.from(tail)]);
      }),
      { numRuns: 2000 },
    );
  });
});

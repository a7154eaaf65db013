import { expect } from "chai";
import fc from "fast-check";
import { craft, type PacketSpec } from "../../packet/craft.js";
import { Digest } from "./digest.js";
import { Header } from "./header.js";
import { Stream } from "./stream.js";

const ETHERNET = 14;
const PAYLOAD = 54;

function sums(specs: readonly PacketSpec[], change: (bytes: Uint8Array) => void = () => {}) {
  let [headers, payload] = [0, 0];
  for (const spec of specs) {
    const bytes = craft({ "ip.src": "10.0.0.1", "ip.dst": "10.0.0.10", "tcp.srcport": 1, "tcp.dstport": 80, ...spec });
    change(bytes);
    const header = new Header();
    header.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    expect(header.read(ETHERNET, bytes.length)).to.equal(true);
    const digest = new Digest();
    digest.take(header);
    const stream = new Stream();
    stream.take(header, digest.first);
    headers = (headers + stream.headers) | 0;
    payload = (payload + stream.payload) | 0;
  }
  return { headers, payload };
}

function packet(seq: number, payload: Uint8Array, flags: string): PacketSpec {
  return { "tcp.seq_raw": seq >>> 0, "tcp.ack_raw": 77, "tcp.flags": flags, payload };
}

/** What a NIC makes of a packet: parts of one length, of which the last alone pushes. */
function cut(seq: number, payload: Uint8Array, most: number): PacketSpec[] {
  const count = Math.ceil(payload.length / most);
  return Array.from({ length: count }, (_, index) => {
    const part = payload.subarray(index * most, (index + 1) * most);
    return packet(seq + index * most, part, index === count - 1 ? "PA" : "A");
  });
}

const seq = fc.integer({ min: 0, max: 0xffffffff });
const payload = fc.uint8Array({ minLength: 1, maxLength: 300 });

describe("the sums over a stream", () => {
  it("are the same for a packet and for what it was cut into, wherever the numbers begin again", () => {
    fc.assert(
      fc.property(seq, payload, fc.integer({ min: 1, max: 20 }), (first, bytes, words) => {
        expect(sums(cut(first, bytes, words * 4))).to.deep.equal(sums([packet(first, bytes, "PA")]));
      }),
    );
  });

  it("change with every bit of the payload", () => {
    fc.assert(
      fc.property(seq, payload, fc.nat(), fc.nat({ max: 7 }), (first, bytes, place, bit) => {
        const whole = [packet(first, bytes, "PA")];
        const changed = sums(whole, (frame) => {
          const at = PAYLOAD + (place % bytes.length);
          frame[at] = (frame[at] as number) ^ (1 << bit);
        });
        expect(changed.headers).to.equal(sums(whole).headers);
        expect(changed.payload).not.to.equal(sums(whole).payload);
      }),
    );
  });

  it("change where a word stands in the place of another, or two lose their highest bits", () => {
    const whole = [
      packet(
        1000,
        Uint8Array.from({ length: 64 }, (_, index) => index * 3),
        "PA",
      ),
    ];
    const moved = sums(whole, (frame) => frame.copyWithin(PAYLOAD, PAYLOAD + 4, PAYLOAD + 8));
    const flipped = sums(whole, (frame) => {
      for (const at of [PAYLOAD + 3, PAYLOAD + 19]) frame[at] = (frame[at] as number) ^ 0x80;
    });
    const { payload: own } = sums(whole);
    expect([moved.payload, flipped.payload]).not.to.include(own);
  });

  it("tell sequence, acknowledgement, flags, window and type of service apart", () => {
    const base: PacketSpec = { ...packet(1000, new Uint8Array(8).fill(5), "PA"), "tcp.window_size_value": 500 };
    const others: PacketSpec[] = [
      { "tcp.seq_raw": 1001 },
      { "tcp.ack_raw": 78 },
      { "tcp.flags": "A" },
      { "tcp.flags": "FPA" },
      { "tcp.window_size_value": 501 },
      { "ip.dsfield": 4 },
    ];
    const all = [base, ...others.map((other) => ({ ...base, ...other }))].map((spec) => sums([spec]).headers);
    expect(new Set(all).size).to.equal(all.length);
  });
});

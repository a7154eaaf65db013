import { expect } from "chai";
import fc from "fast-check";
import { internetChecksum, l4Checksum } from "../../packet/checksum.js";
import type { Frame } from "../../packet/frame.js";
import { decode } from "../../packet/packet.js";
import { checksumOffset } from "../content.js";
import { core, portsOf } from "../datagram.js";
import { PaperLab } from "../testing/paper-lab.js";
import { capturesOf, screened, talk } from "./screened.test-support.js";

const CONNECTIONS = 24;
const FIRST_PORT = 50_001;
/** One connection of each kind is judged for all of it. */
const ONE = { packets: 1_000_000, sample: 50, others: 1_000_000 };

describe("the screen lets no changed bit pass", () => {
  for (const model of ["nat", "dr", "tun"] as const) {
    const lab = new PaperLab(model);
    for (let index = 0; index < CONNECTIONS; index++) talk(lab, FIRST_PORT + index, index % 2 === 0 ? "rs1" : "rs2");
    const { frames } = lab.evidence();

    it(`of ${model}: its connection is judged, whether streams are compared or not`, () => {
      const frame = fc.nat({ max: frames.length - 1 });
      fc.assert(
        fc.property(
          frame,
          fc.nat(),
          fc.nat({ max: 7 }),
          fc.boolean(),
          fc.boolean(),
          (index, byte, bit, isMended, isOfStreams) => {
            const original = frames[index] as Frame;
            const bytes = original.bytes.slice();
            const at = byte % bytes.length;
            bytes[at] = (bytes[at] as number) ^ (1 << bit);
            if (isMended) mend(bytes);
            // A tunnel's ID is its own, and a checksum that was mended is what it was.
            fc.pre(!(isMended && original.packet.inner !== undefined && OUTER_ID.includes(at)));
            fc.pre(bytes.some((one, place) => one !== original.bytes[place]));
            const changed = frames.with(index, { ...original, bytes, packet: decode(bytes) });
            const { captures } = screened(lab.setup, capturesOf(changed), ONE, 1, isOfStreams);
            const judged = new Set(captures.flatMap((capture) => capture.frames.map((frame) => frame.bytes)));
            const port = clientPort(original);
            const own = frames.filter((other) => other !== original && clientPort(other) === port);
            expect(own.filter((other) => !judged.has(other.bytes))).to.deep.equal([]);
            expect(judged.has(bytes)).to.equal(true);
          },
        ),
        { numRuns: 400 },
      );
    });
  }
});

/** Where the ID of the first header is: behind Ethernet's. */
const OUTER_ID = [18, 19];

/** Lets all checksums fit what they cover, as a device does that changes packets on purpose. */
function mend(bytes: Uint8Array): void {
  const packet = decode(bytes);
  const inner = core(packet);
  const [offset, checksum] = [checksumOffset(inner), l4Checksum(inner)];
  if (offset !== undefined && checksum !== undefined) write16(bytes, offset, checksum);
  for (const { ip4 } of [inner, packet]) {
    if (ip4 === undefined || ip4.offset + ip4.headerLength > bytes.length) continue;
    write16(bytes, ip4.offset + 10, 0);
    write16(bytes, ip4.offset + 10, internetChecksum(bytes, ip4.offset, ip4.offset + ip4.headerLength));
  }
}

function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes.set([value >> 8, value & 0xff], at);
}

function clientPort({ packet }: Frame): number {
  const ports = portsOf(core(packet));
  return Math.max(ports?.src ?? 0, ports?.dst ?? 0);
}

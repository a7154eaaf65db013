import { expect } from "chai";
import { Assembly } from "./assembly.js";
import { craft } from "./craft.js";
import { fragment } from "./fragment.js";
import { decode, type Packet } from "./packet.js";

const FRAME = craft({ "udp.dstport": 53, "ip.id": 7, payload: "0123456789abcdef".repeat(8) });
const PIECES = fragment(FRAME, 48).map((bytes) => decode(bytes));

function added(packets: readonly (Packet | undefined)[]): (Packet | undefined)[] {
  const assembly = new Assembly();
  return packets.map((packet) => packet && assembly.add(packet));
}

/** The piece with other contents or another place. */
function edited(index: number, edit: (bytes: Uint8Array) => void): Packet {
  const bytes = Uint8Array.from(PIECES[index]?.bytes ?? []);
  edit(bytes);
  return decode(bytes);
}

describe("Assembly", () => {
  const [first, second, last] = PIECES;

  it("gives the datagram with the fragment that completes it, in any order, copies or not", () => {
    for (const order of [
      [first, second, last],
      [last, last, first, first, second],
    ]) {
      const results = added(order);
      expect(results.slice(0, -1)).to.deep.equal(order.slice(1).map(() => undefined));
      expect(results.at(-1)?.bytes).to.deep.equal(FRAME);
    }
  });

  it("gives up where fragments overlap (teardrop), contradict each other, or reach behind the end", () => {
    const overlapping = edited(1, (bytes) => {
      bytes[21] = 5;
    });
    const other = edited(1, (bytes) => {
      bytes[40] = 0xff;
    });
    const beyond = edited(1, (bytes) => {
      bytes[21] = 0xff;
    });
    for (const wrong of [overlapping, other, beyond]) {
      const results = added([last, wrong, first, second]);
      expect(results.at(-1), String(wrong.ip?.fragmentOffset)).to.equal(undefined);
    }
  });

  it("takes a flood of one fragment for one fragment", () => {
    const results = added([...Array<Packet | undefined>(100_000).fill(last), first, second]);
    expect(results.at(-1)?.bytes).to.deep.equal(FRAME);
  });
});

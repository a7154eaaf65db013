import { expect } from "chai";
import fc from "fast-check";
import { craft, craftIp } from "../../packet/craft.js";
import { fragment } from "../../packet/fragment.js";
import { decodeIp } from "../../packet/packet.js";
import { type Datagram, Reassembly, type ReassemblyLimits } from "./reassembly.js";
import { query, withoutEthernet } from "./testbed.js";
import { query6 } from "./testbed-ipv6.js";

const payload = Uint8Array.from({ length: 500 }, (_, index) => index * 7);

function pieces(id: number, size: number): Uint8Array[] {
  return fragment(craft(query(42000, { payload, "ip.id": id })), size).map((frame) => frame.subarray(14));
}

function feed(reassembly: Reassembly, fragments: readonly Uint8Array[]): Datagram[] {
  return fragments.flatMap((bytes) => {
    const packet = decodeIp(bytes);
    return (packet.ip && reassembly.add(packet, packet.ip)) ?? [];
  });
}

describe("reference director: reassembly", () => {
  const whole = craftIp(withoutEthernet(query(42000, { payload, "ip.id": 7 })));

  it("takes fragments in any order, and more than once", () => {
    const fragments = pieces(7, 104);
    const orders = fc.shuffledSubarray([...fragments, ...fragments], { minLength: 2 * fragments.length });
    fc.assert(
      fc.property(orders, (order) => {
        const reassembly = new Reassembly();
        const [datagram] = feed(reassembly, order);
        expect(datagram?.packet.bytes).to.deep.equal(whole);
        expect(datagram?.largest).to.equal(124);
      }),
    );
  });

  it("takes those of IPv6, of which only the first says what the datagram carries", () => {
    const spec = query6(42000, { payload, "ipv6.dstopts": "0000010400000000", "ipv6.hopopts": "0000010400000000" });
    const fragments = fragment(craft(spec), 104, 0x55).map((frame) => frame.subarray(14));
    const orders = fc.shuffledSubarray([...fragments, ...fragments], { minLength: 2 * fragments.length });
    fc.assert(
      fc.property(orders, (order) => {
        const [datagram] = feed(new Reassembly(), order);
        expect(datagram?.packet.bytes).to.deep.equal(craftIp(withoutEthernet(spec)));
        expect(datagram?.largest).to.equal(40 + 8 + 8 + 104);
      }),
    );
  });

  it("keeps datagrams apart", () => {
    const [one, other] = [pieces(7, 400), pieces(8, 400)];
    const mixed = one.flatMap((bytes, index) => [bytes, other[index] ?? bytes]);
    expect(feed(new Reassembly(), mixed).map(({ packet }) => packet.ip?.id)).to.deep.equal([7, 8]);
  });

  it("drops a datagram whose fragments contradict each other", () => {
    const [first, second, third] = pieces(7, 200).map((bytes) => bytes.slice());
    if (!first || !second || !third) throw new Error("three fragments were expected");
    const other = second.slice();
    other[100] = 99;
    const reassembly = new Reassembly();
    expect(feed(reassembly, [first, second, other])).to.deep.equal([]);
    expect(reassembly.size).to.deep.equal({ datagrams: 0, pieces: 0 });
    expect(feed(reassembly, pieces(9, 200).slice(0, 2).concat(pieces(9, 104)))).to.deep.equal([]);
  });

  it("is bounded in datagrams and in fragments", () => {
    const limits: ReassemblyLimits = { datagrams: 4, pieces: 10 };
    const reassembly = new Reassembly(limits);
    for (let id = 0; id < 20; id++) {
      expect(feed(reassembly, pieces(id, 104).slice(1))).to.deep.equal([]);
      expect(reassembly.size.datagrams).to.be.at.most(limits.datagrams);
      expect(reassembly.size.pieces).to.be.at.most(limits.pieces);
    }
    expect(feed(reassembly, pieces(7, 104))).to.have.length(1);
  });
});

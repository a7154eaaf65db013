import { expect } from "chai";
import { Neighbours } from "./neighbours.js";
import { ETH0, MAC } from "./testbed.js";

function observed(limits = { known: 8, asked: 4, waiting: 2 }) {
  const asked: string[] = [];
  const delivered: string[] = [];
  const neighbours = new Neighbours(
    (_, ip) => asked.push(ip),
    (_, mac, [first]) => delivered.push(`${first} ${mac}`),
    limits,
  );
  return { neighbours, asked, delivered };
}

const ip = (index: number) => `10.0.0.${index}`;

describe("reference director: neighbours", () => {
  it("forget who waits with them, and ask anew", () => {
    const { neighbours, asked, delivered } = observed();
    neighbours.send(ETH0, ip(1), Uint8Array.of(1));
    neighbours.forget();
    neighbours.heard(ip(1), MAC.rs1, false);
    neighbours.send(ETH0, ip(1), Uint8Array.of(2));
    neighbours.heard(ip(1), MAC.rs1, false);
    expect(asked).to.deep.equal([ip(1), ip(1)]);
    expect(delivered).to.deep.equal([`2 ${MAC.rs1}`]);
  });

  it("forget permanent entries too", () => {
    const { neighbours, asked } = observed();
    neighbours.learn(ip(1), MAC.rs1);
    neighbours.forget();
    neighbours.send(ETH0, ip(1), Uint8Array.of(1));
    expect(asked).to.deep.equal([ip(1)]);
  });

  it("are bounded: asked for, waiting, and known", () => {
    const { neighbours, delivered } = observed();
    for (let host = 0; host < 20; host++) {
      for (let datagram = 0; datagram < 3; datagram++) neighbours.send(ETH0, ip(host), Uint8Array.of(datagram));
    }
    for (let host = 0; host < 20; host++) neighbours.heard(ip(host), MAC.rs1, false);
    // The last 4 hosts, the last 2 datagrams of each.
    expect(delivered).to.deep.equal(Array.from({ length: 8 }, (_, index) => `${1 + (index % 2)} ${MAC.rs1}`));
    const crowd = observed();
    for (let host = 0; host < 20; host++) crowd.neighbours.heard(ip(host), MAC.rs1, true);
    for (let host = 0; host < 20; host++) crowd.neighbours.send(ETH0, ip(host), Uint8Array.of(0));
    expect(crowd.asked).to.deep.equal(Array.from({ length: 12 }, (_, host) => ip(host)));
  });

  it("may answer while they are being asked", () => {
    const delivered: number[] = [];
    const neighbours: Neighbours = new Neighbours(
      (_, target) => neighbours.heard(target, MAC.rs1, false),
      (_, __, [first = 0]) => delivered.push(first),
    );
    for (const datagram of [1, 2, 3]) neighbours.send(ETH0, ip(1), Uint8Array.of(datagram));
    expect(delivered).to.deep.equal([1, 2, 3]);
  });
});

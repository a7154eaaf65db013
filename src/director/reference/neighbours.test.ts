import { expect } from "chai";
import { Neighbours, type Wait } from "./neighbours.js";
import { ETH0, MAC } from "./testbed.js";

function observed(limits = { known: 8, asked: 4, waiting: 2 }) {
  const asked: string[] = [];
  const delivered: string[] = [];
  const waits: Wait[] = [];
  const lost: number[] = [];
  const actions = {
    ask: (_: unknown, ip: string) => asked.push(ip),
    deliver: (_: unknown, mac: string, [first]: Uint8Array) => delivered.push(`${first} ${mac}`),
    wait: (wait: Wait) => waits.push(wait),
    lose: ([first = 0]: Uint8Array) => lost.push(first),
  };
  return { neighbours: new Neighbours<Uint8Array>(actions, limits), asked, delivered, waits, lost };
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
    const waits: Wait[] = [];
    const neighbours: Neighbours<number> = new Neighbours({
      ask: (_, target) => neighbours.heard(target, MAC.rs1, false),
      deliver: (_, __, datagram) => delivered.push(datagram),
      wait: (wait) => waits.push(wait),
      lose: () => {},
    });
    for (const datagram of [1, 2, 3]) neighbours.send(ETH0, ip(1), datagram);
    expect(delivered).to.deep.equal([1, 2, 3]);
    expect(waits).to.deep.equal([]);
  });

  it("are asked again, and given up with what waits, as somebody with a clock says", () => {
    const { neighbours, asked, waits, lost } = observed();
    for (const datagram of [1, 2, 3]) neighbours.send(ETH0, ip(1), Uint8Array.of(datagram));
    expect(waits.map((wait) => [wait.ip, wait.nic])).to.deep.equal([[ip(1), ETH0]]);
    expect([asked.length, waits[0]?.askAgain(), asked.length]).to.deep.equal([3, true, 4]);
    waits[0]?.giveUp();
    expect(lost, "the first had to make room").to.deep.equal([2, 3]);
    neighbours.send(ETH0, ip(1), Uint8Array.of(4));
    expect([waits.length, waits[0]?.askAgain(), asked.length], "another question").to.deep.equal([2, false, 5]);
    waits[0]?.giveUp();
    neighbours.heard(ip(1), MAC.rs1, false);
    waits[1]?.giveUp();
    expect([lost, waits[1]?.askAgain()]).to.deep.equal([[2, 3], false]);
  });
});

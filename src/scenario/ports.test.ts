import { expect } from "chai";
import { Ports } from "./ports.js";

describe("Ports", () => {
  it("gives out each port once, and says what to do when there are no more", () => {
    const ports = new Ports({ first: 40_000, last: 40_001 });
    expect([ports.take(), ports.take()]).to.deep.equal([40_000, 40_001]);
    for (let i = 0; i < 2; i++)
      expect(() => ports.take()).to.throw(
        "this lab has used up its 2 client ports of 40000 to 40001; run fewer repetitions at once (--repeat), split the run into several (--shard 1/2), or send smaller bursts",
      );
  });
});

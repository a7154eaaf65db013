import { expect } from "chai";
import { editDistance, nearest, quoted, suggestion } from "./suggest.js";

describe("suggestions", () => {
  it("counts insertions, deletions, replacements and swaps", () => {
    expect(editDistance("send", "send")).to.equal(0);
    expect(editDistance("sent", "send")).to.equal(1);
    expect(editDistance("sned", "send")).to.equal(1);
    expect(editDistance("", "send")).to.equal(4);
    expect(editDistance("answr", "answer")).to.equal(1);
  });

  it("takes the nearest word, and none where too much differs", () => {
    expect(nearest("titel", ["title", "setup"])).to.equal("title");
    expect(nearest("ip.tll", ["ip.id", "ip.ttl"])).to.equal("ip.ttl");
    expect(nearest("xyz", ["a", "title"])).to.equal(undefined);
  });

  it("lists what is known where nothing is near", () => {
    expect(suggestion("xyz", ["nat", "dr"])).to.equal(" (known: `nat`, `dr`)");
  });

  it("lets no value steer a terminal", () => {
    expect(quoted("\u001b[31mred\u202e")).to.equal("`�[31mred�`");
    expect(quoted("x".repeat(99))).to.equal(`\`${"x".repeat(60)}…\``);
  });
});

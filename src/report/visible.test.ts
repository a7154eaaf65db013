import { expect } from "chai";
import { allVisible, shortened, visible, visibleInLog, visibleLines } from "./visible.js";

describe("visible", () => {
  it("leaves text alone", () => {
    expect(visible("10.0.0.10 → rs1 “Größe” 调度 ✗")).to.equal("10.0.0.10 → rs1 “Größe” 调度 ✗");
  });

  it("shows control characters, terminal escapes among them", () => {
    expect(visible("a\x1b[31mb\r\n\t\0c\x7f")).to.equal("a␛[31mb␍␊␉␀c␡");
    expect(visible("\x9b31m\x85")).to.equal("‹U+009B›31m‹U+0085›");
  });

  it("shows what turns or hides text", () => {
    expect(visible("a\u202eb\u2066c\u200bd\ufeff\u2028")).to.equal("a‹U+202E›b‹U+2066›c‹U+200B›d‹U+FEFF›‹U+2028›");
  });

  it("shows what is no character, which XML may not have", () => {
    expect(visible("a\ufffe\uffffb")).to.equal("a‹U+FFFE›‹U+FFFF›b");
  });

  it("shows half a surrogate pair, which no encoding can carry", () => {
    expect(visible("a\ud800b😀")).to.equal("a‹U+D800›b😀");
  });
});

describe("visibleLines", () => {
  it("keeps line breaks and nothing else", () => {
    expect(visibleLines("a\r\nb\n\x1b[2Jc\rd")).to.equal("a\nb\n␛[2Jc␍d");
  });
});

describe("visibleInLog", () => {
  it("breaks up what GitHub takes for a command in the middle of a line", () => {
    expect(visibleInLog("x ##[error]y\n::error::z")).to.equal("x # #[error]y␊::error::z");
  });
});

describe("shortened", () => {
  it("leaves short text alone, and keeps both ends of a longer one", () => {
    expect(shortened("a".repeat(200))).to.equal("a".repeat(200));
    expect(shortened("0123456789", 5)).to.equal("01…89");
    expect(shortened("0123456789", 6)).to.equal("012…89");
    expect(shortened("a".repeat(201))).to.have.lengthOf(200);
  });

  it("cuts no character in two", () => {
    expect(shortened("😀".repeat(9), 5)).to.equal("😀😀…😀😀");
    expect(shortened("😀".repeat(5), 5)).to.equal("😀".repeat(5));
  });
});

describe("allVisible", () => {
  it("reaches every string and leaves line breaks where they mean something", () => {
    expect(
      allVisible({ a: ["\x1b"], problem: "1\n2\x07", b: { title: "1\n2", n: 1, yes: true, no: null } }),
    ).to.deep.equal({
      a: ["␛"],
      problem: "1\n2␇",
      b: { title: "1␊2", n: 1, yes: true, no: null },
    });
  });
});

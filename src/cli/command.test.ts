import { expect } from "chai";
import { commandOf, shellWord } from "./command.js";

describe("the command that runs something again", () => {
  const plain = { director: "ipvs", profile: "core", kernel: "auto" } as const;

  it("says what is not so by itself", () => {
    expect(commandOf(["cases/dr"], plain)).to.equal("hopcheck run cases/dr --director ipvs");
    const options = {
      director: "reference",
      directorVersion: "2.0 beta",
      profile: "extended",
      kernel: "uml",
      fault: "GEN-TTL-01: no hop",
    } as const;
    const which = { model: ["nat", "dr"], grep: /a b$/, repeat: 3 } as const;
    expect(commandOf([], options, which)).to.equal(
      "hopcheck run --director reference --director-version '2.0 beta' --profile extended --kernel uml --fault 'GEN-TTL-01: no hop' --model nat,dr --grep 'a b$' --repeat 3",
    );
  });

  it("is one that a shell takes for these words", () => {
    expect(["a/b.yaml", "", "it's $(x)", "a\nb"].map(shellWord)).to.deep.equal([
      "a/b.yaml",
      "''",
      "'it'\\''s $(x)'",
      "'a\nb'",
    ]);
  });
});

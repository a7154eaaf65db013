import { expect } from "chai";
import { contrast, DARK, LIGHT, PAIRS } from "./palette.js";

describe("colours", () => {
  for (const [name, palette] of Object.entries({ light: LIGHT, dark: DARK })) {
    for (const [text, ground] of PAIRS) {
      it(`${name}: ${text} can be read on ${ground}`, () => {
        expect(contrast(palette[text], palette[ground])).to.be.at.least(4.5);
      });
    }

    it(`${name}: the edge of what is pressed or typed into can be seen`, () => {
      expect(contrast(palette.edge, palette.ground)).to.be.at.least(3);
    });
  }

  it("are measured as WCAG measures them", () => {
    expect(contrast("#000000", "#ffffff")).to.be.closeTo(21, 0.001);
    expect(contrast("#777777", "#ffffff")).to.be.closeTo(4.48, 0.005);
  });
});

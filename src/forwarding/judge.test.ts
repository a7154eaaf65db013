import { expect } from "chai";
import { catalogue } from "./catalogue.js";
import { judge } from "./judge.js";
import { PaperLab } from "./testing/paper-lab.js";

/** A request that is not forwarded: a failure where nothing can still come, an open question where it can. */
function unforwarded(settled: boolean) {
  const lab = new PaperLab("dr");
  lab.request({ copies: 0 });
  lab.settled = settled;
  return judge(lab.evidence(), catalogue).find(({ rule }) => rule === "GEN-SVC-01");
}

describe("judge", () => {
  it("gives causes to what failed", () => {
    expect(unforwarded(true)?.status).to.equal("fail");
    expect(unforwarded(true)?.causes).to.not.be.empty;
  });

  it("accuses nobody of what was not settled", () => {
    expect(unforwarded(false)?.status).to.equal("inconclusive");
    expect(unforwarded(false)?.causes).to.deep.equal([]);
  });
});

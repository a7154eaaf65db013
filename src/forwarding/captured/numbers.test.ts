import { expect } from "chai";
import type { PacketSpec } from "../../packet/craft.js";
import { catalogue } from "../catalogue.js";
import type { Model } from "../setup.js";
import { PaperLab } from "../testing/paper-lab.js";
import { capturesOf } from "./captures.test-support.js";
import { conclude } from "./conclude.js";
import { evidenceOf } from "./evidence.js";

const MODELS = ["nat", "dr", "tun"] as const;
const RULES: Readonly<Record<Model, string>> = {
  nat: "NAT-REQ-10",
  dr: "DR-REQ-04",
  tun: "TUN-ENC-04",
  proxy: "PROXY-REQ-01",
};
/** Bytes of each segment: all alike, so that nothing but their numbers tells them apart. */
const SIZE = 10;

function segment(index: number): PacketSpec {
  return { "tcp.flags": "A", "tcp.seq_raw": 1001 + index * SIZE, "ip.id": 100 + index, payload: "0".repeat(SIZE) };
}

/** A director's change of a request, in the tunnel under TUN. */
function change(model: Model, spec: PacketSpec) {
  return model === "tun" ? { inner: spec } : { out: spec };
}

function wrong(lab: PaperLab, taps = /^(router|director|rs)/): string[] {
  const captures = capturesOf(lab.evidence()).filter(({ tap }) => taps.test(tap));
  const { findings } = conclude(evidenceOf(lab.setup, captures).evidence, catalogue);
  return findings
    .filter(({ status }) => status === "fail" || status === "inconclusive")
    .map(({ rule, status, suspect, field }) => `${rule} ${status} ${suspect} ${field}`);
}

describe("a director that numbers segments anew", () => {
  for (const model of MODELS) {
    it(`of ${model} is caught at the one that it does it to`, () => {
      const lab = new PaperLab(model);
      lab.request();
      for (const index of [0, 1, 2, 3])
        lab.request({ spec: segment(index), ...(index === 2 ? change(model, { "tcp.seq_raw": 7 }) : {}) });
      expect(wrong(lab)).to.deep.equal([`${RULES[model]} fail director tcp.seq_raw`]);
    });

    it(`of ${model} is caught where it does it to all`, () => {
      const lab = new PaperLab(model);
      lab.request(change(model, { "tcp.seq_raw": 500_000 }));
      for (const index of [0, 1, 2])
        lab.request({ spec: segment(index), ...change(model, { "tcp.seq_raw": 500_001 + index * SIZE }) });
      const found = new Set(wrong(lab));
      expect([...found]).to.deep.equal([`${RULES[model]} fail director tcp.seq_raw`]);
    });

    it(`of ${model} is not who lost one and was not seen to get another with the same IP ID`, () => {
      const lab = new PaperLab(model);
      lab.request();
      lab.request({ spec: segment(0) });
      lab.toDirector(lab.requestSpec({ spec: segment(1) }));
      lab.request({ spec: { ...segment(1), "ip.id": 200 } });
      lab.request({ spec: segment(2) });
      lab.forward(lab.requestSpec({ spec: { ...segment(3), "ip.id": 101 } }));
      lab.request({ spec: segment(4) });
      expect(wrong(lab)).to.deep.equal([]);
    });
  }

  it("is caught by the answers of NAT", () => {
    const lab = new PaperLab("nat");
    lab.request();
    lab.answer({ spec: { "ip.id": 5 }, out: { "tcp.seq_raw": 7 } });
    expect(wrong(lab)).to.deep.equal(["NAT-RSP-03 fail director tcp.seq_raw"]);
  });
});

import { expect } from "chai";
import type { PacketSpec } from "../../packet/craft.js";
import type { Model } from "../setup.js";
import { PaperLab } from "../testing/paper-lab.js";
import { wrongOf } from "./captures.test-support.js";

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

const wrong = (lab: PaperLab) => wrongOf(lab, /^(router|director|rs)/);

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

  it("is not who lost the last segment of one flow, and was not seen to get that of another", () => {
    for (const model of MODELS) {
      const lab = new PaperLab(model);
      for (const port of [40001, 40002]) lab.request({ port, spec: { "ip.id": port, "tcp.seq_raw": port } });
      const last = (port: number) => ({ port, spec: { "tcp.flags": "A", "tcp.seq_raw": port + 1, "ip.id": 500 } });
      lab.toDirector(lab.requestSpec(last(40001)));
      lab.wait(3000);
      lab.forward(lab.requestSpec(last(40002)), { port: 40002 });
      const accused = wrong(lab).filter((one) => one.includes(" fail "));
      expect(accused, model).to.deep.equal([]);
    }
  });

  it("is not taken for one where a host gives all its segments one IP ID", () => {
    for (const model of MODELS) {
      const lab = new PaperLab(model);
      lab.request({ spec: { "ip.id": 1 } });
      for (const index of [0, 1, 2, 3, 4, 5]) {
        const spec = { ...segment(index), "ip.id": 1 };
        if (index === 2) lab.toDirector(lab.requestSpec({ spec }));
        else if (index === 3) lab.forward(lab.requestSpec({ spec }));
        else lab.request({ spec });
      }
      expect(wrong(lab), model).to.deep.equal([]);
    }
  });

  it("is caught by the answers of NAT", () => {
    const lab = new PaperLab("nat");
    lab.request();
    lab.answer({ spec: { "ip.id": 5 }, out: { "tcp.seq_raw": 7 } });
    expect(wrong(lab)).to.deep.equal(["NAT-RSP-03 fail director tcp.seq_raw"]);
  });
});

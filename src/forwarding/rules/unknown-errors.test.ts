import { expect } from "chai";
import { catalogue } from "../catalogue.js";
import { judge } from "../judge.js";
import { CLIENT, PaperLab } from "../testing/paper-lab.js";
import { clientError, serverError } from "../testing/traffic.js";

const UDP = { "udp.dstport": 53, payload: "question" };

function failing(lab: PaperLab): string[] {
  const findings = judge(lab.evidence(), catalogue).filter(({ status }) => status === "fail");
  return [...new Set(findings.map(({ rule }) => rule))];
}

for (const [model, rule] of [
  ["nat", "NAT-ICMP-02"],
  ["dr", "DR-ICMP-01"],
  ["tun", "TUN-ICMP-01"],
] as const) {
  describe(`${rule}, of a connection that nobody has`, () => {
    const lab = (play: (lab: PaperLab) => void = () => {}) => {
      const own = new PaperLab(model);
      play(own);
      clientError(own, 40001, "rs1");
      return own;
    };

    it("is broken where the director forwards the error", () => expect(failing(lab())).to.deep.equal([rule]));

    it("holds where a request came that the director kept: who knows what it remembers", () => {
      const refused = lab((own) => own.request({ spec: { "ip.ttl": 1 }, copies: 0 }));
      expect(failing(refused)).to.deep.equal([]);
    });

    it("says nothing where there may have been a connection before", () => {
      const captured = lab();
      captured.settled = false;
      expect(failing(captured)).to.deep.equal([]);
      captured.settled = true;
      captured.earlierClients = new Set([`${CLIENT}:40001`]);
      expect(failing(captured)).to.deep.equal([]);
    });

    it("says nothing where the director keeps it", () => {
      const kept = new PaperLab(model);
      const untilDirector = lab().evidence().frames.slice(0, 4);
      for (const { tap, direction, bytes } of untilDirector) kept.record(tap, direction, bytes);
      const found = judge(kept.evidence(), catalogue).find((finding) => finding.rule === rule);
      expect(found?.status).to.equal("not-exercised");
    });
  });
}

describe("NAT-ICMP-01, of a request to another server", () => {
  const error = (lab: PaperLab, raw: boolean) => {
    const untranslated = { "ip.src": lab.ip("rs1") };
    const quote = { "ip.dst": lab.ip("rs1"), "udp.dstport": 5353 };
    serverError(lab, 40001, "rs1", raw ? untranslated : {}, raw ? quote : {});
  };

  it("may be forwarded as it is, but not as the VIP's", () => {
    for (const raw of [true, false]) {
      const lab = new PaperLab("nat");
      lab.request({ server: "rs2", spec: UDP });
      error(lab, raw);
      expect(failing(lab)).to.deep.equal(raw ? [] : ["NAT-ICMP-01"]);
    }
  });

  it("says nothing of a client whose request was kept: it may have a connection all the same", () => {
    const lab = new PaperLab("nat");
    lab.request({ spec: { ...UDP, "ip.ttl": 1 }, copies: 0 });
    error(lab, false);
    expect(failing(lab)).to.deep.equal([]);
  });
});

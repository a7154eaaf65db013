/** Connections that nobody hears of any more: what follows on their addresses and ports is not certainly theirs. */

import { expect } from "chai";
import type { PacketSpec } from "../packet/craft.js";
import { catalogue } from "./catalogue.js";
import { judge } from "./judge.js";
import type { Finding } from "./rule.js";
import type { Model, Service } from "./setup.js";
import { PaperLab } from "./testing/paper-lab.js";

const MODELS = ["nat", "dr", "tun"] as const;
const SECOND = 1000;
const UDP = { "udp.dstport": 53, payload: "question" };
const ACK = { "tcp.flags": "A", "tcp.seq_raw": 1001 };
const FIN = { "tcp.flags": "FA", "tcp.seq_raw": 1001 };
const RST = { "tcp.flags": "R", "tcp.seq_raw": 1001 };

function judged(model: Model, play: (lab: PaperLab) => void, service: Partial<Service> = {}): readonly Finding[] {
  const lab = new PaperLab(model, { service });
  play(lab);
  return judge(lab.evidence(), catalogue);
}

function broken(findings: readonly Finding[]): string[] {
  return [...new Set(findings.filter(({ status }) => status === "fail").map(({ rule }) => rule))];
}

function statusOf(findings: readonly Finding[], rule: string) {
  return findings.find((finding) => finding.rule === rule)?.status;
}

for (const model of MODELS) {
  describe(`${model}: a flow that was idle`, () => {
    const elsewhere = (first: PacketSpec, seconds: number, then: PacketSpec, before?: PacketSpec) =>
      judged(model, (lab) => {
        lab.request({ spec: first });
        if (before !== undefined) lab.request({ spec: before });
        lab.wait(seconds * SECOND);
        lab.request({ server: "rs2", spec: then });
      });
    const again = { ...UDP, "ip.id": 2 };

    it("of UDP is another one after 300 seconds, and none before", () => {
      expect(broken(elsewhere(UDP, 299, again))).to.deep.equal(["GEN-FLOW-01"]);
      const findings = elsewhere(UDP, 301, again);
      expect(broken(findings)).to.deep.equal([]);
      expect(statusOf(findings, "GEN-FLOW-01")).to.equal("not-exercised");
    });

    it("of TCP may be another one after 900 seconds, and none before", () => {
      const later = { ...ACK, "ip.id": 3 };
      expect(broken(elsewhere({}, 899, later, ACK))).to.deep.equal(["GEN-FLOW-01"]);
      expect(broken(elsewhere({}, 901, later, ACK))).to.deep.equal([]);
    });

    it("of TCP may be forgotten sooner where it is not established, is being closed or was reset", () => {
      for (const [seconds, before] of [
        [60, undefined],
        [30, FIN],
        [10, RST],
      ] as const) {
        const later = { ...ACK, "ip.id": 3 };
        expect(broken(elsewhere({}, seconds - 1, later, before))).to.deep.equal(["GEN-FLOW-01"]);
        expect(broken(elsewhere({}, seconds + 1, later, before))).to.deep.equal([]);
      }
    });

    it("need not be forwarded any more", () => {
      const dropped = (seconds: number) =>
        judged(model, (lab) => {
          lab.request();
          lab.request({ spec: ACK });
          lab.wait(seconds * SECOND);
          lab.request({ spec: { ...ACK, "ip.id": 3 }, copies: 0 });
        });
      expect(broken(dropped(899))).to.deep.equal(["GEN-FLOW-01"]);
      expect(broken(dropped(901))).to.deep.equal([]);
    });

    it("is kept by what is forwarded meanwhile", () => {
      const findings = judged(model, (lab) => {
        for (let minutes = 0; minutes < 12; minutes += 4) {
          lab.request({ spec: { ...UDP, "ip.id": minutes + 1 } });
          lab.wait(240 * SECOND);
        }
        lab.request({ server: "rs2", spec: { ...UDP, "ip.id": 99 } });
      });
      expect(broken(findings)).to.deep.equal(["GEN-FLOW-01"]);
    });

    it("stays where it went after it was idle", () => {
      const findings = judged(model, (lab) => {
        lab.request();
        lab.request({ spec: ACK });
        lab.wait(901 * SECOND);
        lab.request({ server: "rs2", spec: { ...ACK, "ip.id": 3 } });
        lab.request({ server: "rs2", spec: { ...ACK, "ip.id": 4 } });
        lab.request({ server: "rs1", spec: { ...ACK, "ip.id": 5 } });
      });
      const failures = findings.filter(({ status }) => status === "fail");
      expect(failures.map(({ rule, observed }) => `${rule} ${observed}`)).to.deep.equal(["GEN-FLOW-01 to rs1"]);
    });
  });

  describe(`${model}: an association of SCTP`, () => {
    const INIT = 1;
    const chunk = (type: number, id: number): PacketSpec => ({
      "ip.id": id,
      "tcp.srcport": undefined,
      "tcp.dstport": undefined,
      "tcp.options": undefined,
      "sctp.srcport": 40001,
      "sctp.dstport": 132,
      "sctp.chunk_type": type,
    });
    const reopened = (type: number) =>
      judged(
        model,
        (lab) => {
          const out = lab.model === "nat" ? { "sctp.dstport": 8080 } : {};
          const send = (server: "rs1" | "rs2", spec: PacketSpec) => {
            lab.toDirector(lab.requestSpec({ spec }));
            lab.forward(lab.requestSpec({ spec }), { server, out });
          };
          send("rs1", chunk(INIT, 1));
          send("rs1", chunk(type, 2));
          send("rs2", chunk(INIT, 3));
        },
        { protocol: "sctp", port: 132 },
      );

    it("begins anew with the INIT that follows ABORT or SHUTDOWN COMPLETE", () => {
      expect(broken(reopened(6))).to.deep.equal([]);
      expect(broken(reopened(14))).to.deep.equal([]);
    });

    it("does not with an INIT behind data", () => expect(broken(reopened(0))).to.deep.equal(["GEN-FLOW-01"]));
  });
}

describe("an answer of a connection that was idle", () => {
  const late = (seconds: number, options: Parameters<PaperLab["answer"]>[0]) =>
    judged("nat", (lab) => {
      lab.request();
      lab.answer();
      lab.request({ spec: ACK });
      lab.wait(seconds * SECOND);
      lab.answer({ ...options, spec: { "tcp.flags": "PA", "ip.id": 7, payload: "late" } });
    });
  const raw = { out: { "ip.src": "192.168.10.11", "tcp.srcport": 8080 } };

  it("leaks before 900 seconds, and is no answer any more behind them", () => {
    expect(broken(late(899, raw))).to.deep.equal(["NAT-RSP-05"]);
    expect(broken(late(901, raw))).to.deep.equal([]);
  });

  it("need not be forwarded behind them", () => {
    expect(broken(late(899, { forwarded: false }))).to.deep.equal(["NAT-TOP-04"]);
    expect(broken(late(901, { forwarded: false }))).to.deep.equal([]);
  });

  it("has to be right where it is translated", () => {
    expect(broken(late(901, {}))).to.deep.equal([]);
    expect(broken(late(901, { out: { "ip.dsfield": 4 } }))).to.deep.equal(["NAT-RSP-03"]);
  });
});

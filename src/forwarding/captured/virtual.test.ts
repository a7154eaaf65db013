import { expect } from "chai";
import { catalogue } from "../catalogue.js";
import type { Setup } from "../setup.js";
import { PaperLab } from "../testing/paper-lab.js";
import { capturesOf } from "./captures.test-support.js";
import { conclude } from "./conclude.js";
import { evidenceOf } from "./evidence.js";

/** As a setup beside captures leaves them out. */
function withoutMacs({ services, hosts }: Setup): Setup {
  return {
    services,
    hosts: hosts.map((host) => ({ ...host, nics: host.nics.map((nic) => ({ ...nic, mac: "" })) })),
  };
}

/** A client's connections to a VIP that a virtual router's MAC has, as for keepalived's `use_vmac`. */
function served(model: "nat" | "dr", mac: string): PaperLab {
  const lab = new PaperLab(model);
  const tap = model === "nat" ? "director/eth0" : "director";
  lab.ask("director", "10.0.0.10", { answer: mac, tap });
  for (const port of [40001, 40002, 40003]) {
    const server = port === 40002 ? "rs2" : "rs1";
    for (const spec of [{ "tcp.flags": "S" }, { "tcp.flags": "PA", "tcp.seq_raw": 1001, payload: "GET /" }]) {
      const id = { "ip.id": port + spec["tcp.flags"].length };
      lab.request({ port, server, spec: { ...spec, ...id }, toDirector: mac });
      lab.answer({ port, server, spec: id, toDirector: mac });
    }
  }
  return lab;
}

describe("a director whose VIP has a virtual router's MAC", () => {
  for (const model of ["nat", "dr"] as const)
    for (const mac of ["00:00:5e:00:01:33", "00:00:5e:00:02:07", "00:00:0c:07:ac:01", "00:00:0c:9f:f1:23"])
      it(`is judged under ${model} as any other, with ${mac}`, () => {
        const lab = served(model, mac);
        for (const taps of [/./, /director/, /director|rs/, /client|director/]) {
          const captures = capturesOf(lab.evidence()).filter(({ tap }) => taps.test(tap));
          const { evidence, files } = evidenceOf(withoutMacs(lab.setup), captures);
          const { findings } = conclude(evidence, catalogue);
          const wrong = findings.filter(({ status }) => status === "fail");
          expect(wrong.map(({ rule, observed }) => `${rule}: ${observed}`)).to.deep.equal([]);
          expect(files.map(({ foreign }) => foreign)).to.deep.equal(files.map(() => 0));
          const passed = findings.filter(({ status }) => status === "pass").map(({ rule }) => rule);
          expect(passed).to.include.members(["GEN-SVC-01", model === "nat" ? "NAT-REQ-01" : "DR-ARP-01"]);
        }
      });
});

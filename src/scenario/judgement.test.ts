import { expect } from "chai";
import type { Evidence } from "../forwarding/evidence.js";
import { craft } from "../packet/craft.js";
import type { Frame } from "../packet/frame.js";
import { decode } from "../packet/packet.js";
import { judgeAssertions } from "./judgement.js";
import type { Scenario } from "./scenario.js";
import { Workspace } from "./workspace.test-support.js";

const ASSERTIONS = `
expect:
  - { at: client, direction: in, ip.ttl: 60 }
  - { at: client, direction: in, ip.ttl: 60, count: 2 }
absent:
  - { at: client, direction: in, ip.ttl: 60 }
`;

describe("judgeAssertions", () => {
  const workspace = new Workspace();
  let scenario: Scenario;
  before(() => {
    scenario = workspace.scenario(`title: t\nsetup: nat\nsteps: [ { send: { flow: a } } ]${ASSERTIONS}`);
  });
  after(() => workspace.remove());

  const statuses = (frames: number, settled: boolean) => {
    const recorded = Array.from({ length: frames }, (_, index) => frame(index + 1));
    const evidence: Evidence = { setup: scenario.setup, frames: recorded, journeys: [], settled };
    return judgeAssertions(scenario, evidence).map(({ status }) => status);
  };

  it("counts what was recorded", () => {
    expect(statuses(0, true)).to.deep.equal(["fail", "fail", "pass"]);
    expect(statuses(1, true)).to.deep.equal(["pass", "fail", "fail"]);
    expect(statuses(2, true)).to.deep.equal(["pass", "pass", "fail"]);
    expect(statuses(3, true)).to.deep.equal(["pass", "fail", "fail"]);
  });

  it("leaves open what further frames could change where the record is not complete", () => {
    expect(statuses(0, false)).to.deep.equal(["inconclusive", "inconclusive", "inconclusive"]);
    expect(statuses(1, false)).to.deep.equal(["pass", "inconclusive", "fail"]);
    expect(statuses(2, false)).to.deep.equal(["pass", "inconclusive", "fail"]);
    expect(statuses(3, false)).to.deep.equal(["pass", "fail", "fail"]);
  });
});

function frame(number: number): Frame {
  const bytes = craft({ "ip.src": "10.0.0.10", "ip.dst": "172.16.0.100", "ip.ttl": 60, "udp.srcport": 53 });
  const common = { tap: "client", host: "client", direction: "in", checksumReady: true } as const;
  return { ...common, number, time: BigInt(number), bytes, wireLength: bytes.length, packet: decode(bytes) };
}

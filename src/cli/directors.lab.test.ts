import { expect } from "chai";
import type { ScenarioResult } from "../report/result.js";
import { RunFolder } from "./run.test-support.js";

const SETUP = `setup:
  services:
    - { vip: 10.0.0.10, port: 80, protocol: tcp, model: dr, realServers: [{ name: rs1, ip: 10.0.0.11 }] }
    - { vip: 10.0.0.10, port: 53, protocol: udp, model: dr, realServers: [{ name: rs1, ip: 10.0.0.11 }] }
  director: { interfaces: [{ ip: 10.0.0.1/24 }] }
  client: { ip: 10.0.0.100/24 }
`;
/** A director that balances any port of the VIP, by its fault for GEN-SVC-02, takes both for services. */
const OTHER_PORTS = `title: Other ports
${SETUP}covers: [GEN-SVC-02, GEN-SVC-01]
steps:
  - send: { flow: known, tcp.flags: S }
  - send: { flow: unknown, to: 10.0.0.10:81/tcp, tcp.flags: S }
`;
const DRAINED = `title: A drained real server
${SETUP}covers: [GEN-SCH-04]
steps:
  - weight: { server: rs1, weight: 0 }
  - send: { flow: a, tcp.flags: S }
`;
const DIRECTOR = `name: reference
models: [dr]
deviations: { GEN-SVC-02: any port is a service }
lacks: { weight: its real servers are all alike }
`;

describe("a director with a file of its own", function () {
  this.timeout(300_000);

  let folder: RunFolder;
  beforeEach(() => {
    folder = new RunFolder();
    folder.write("lb.yaml", DIRECTOR);
    folder.write("ports.yaml", OTHER_PORTS);
    folder.write("drained.yaml", DRAINED);
  });
  afterEach(() => folder.remove());

  const run = (...args: readonly string[]) => folder.run(...args, "--director", "lb.yaml", "--out", "out");
  const findingOf = (scenario: ScenarioResult | undefined, id: string) =>
    scenario?.findings.find(({ rule }) => rule === id);

  it("passes with what it declares, and is not asked for what it lacks", async () => {
    const { status, stdout } = await run("ports.yaml", "drained.yaml", "--fault", "GEN-SVC-02");
    const { verdict, scenarios } = folder.results("out");
    expect([status, verdict]).to.deep.equal([0, "pass"]);
    const [ports, drained] = scenarios;
    expect(findingOf(ports, "GEN-SVC-02")).to.include({ status: "declared", reason: "any port is a service" });
    expect(drained).to.include({ verdict: "not-supported", reason: "weight: its real servers are all alike" });
    expect(findingOf(drained, "GEN-SCH-04")).to.include({ status: "not-supported", covered: true });
    expect(stdout).to.match(/^✓ Other ports \d+ rules hold, 1 declared, \d+ ms$/m);
    expect(stdout).to.contain(
      "\n≈ GEN-SVC-02 declared: any port is a service\n– not supported: A drained real server: weight: its real servers are all alike\n2 scenarios  1 passed",
    );
  });

  it("fails where there is nothing that it can be asked for", async () => {
    const { status, stdout } = await run("drained.yaml");
    expect([status, folder.results("out").verdict]).to.deep.equal([1, "fail"]);
    expect(stdout).to.match(/^fail: no scenario was run, and no traffic never passes/m);
  });

  it("has pending tests for what it lacks", async () => {
    const { status, stdout } = await run("ports.yaml", "drained.yaml", "--fault", "GEN-SVC-02", "--reporter", "spec");
    expect(status).to.equal(0);
    expect(stdout)
      .to.match(/^ {4}- GEN-SCH-04$/m)
      .and.match(/2 pending/);
  });

  it("is refused with the place of what is wrong with its file", async () => {
    folder.write("lb.yaml", DIRECTOR.replace("weight", "wait"));
    const { status, stderr } = await run("ports.yaml");
    expect(status).to.equal(2);
    expect(stderr).to.match(/^hopcheck: lb\.yaml:4:10: unknown feature `wait`/m);
  });
});

import { expect } from "chai";
import { pcapBytes } from "../capture/pcap.js";
import { positionOf } from "./judgement.js";
import { bundledSetups } from "./paths.js";
import type { AskStep, BurstStep, ConnectStep, ReplayStep, SendStep } from "./scenario.js";
import { Workspace } from "./workspace.test-support.js";

const HEAD = "title: t\nsetup: nat\nsteps:\n";
const VIP = "10.0.0.10";

describe("loadScenario", () => {
  const workspace = new Workspace();
  after(() => workspace.remove());
  const steps = (...lines: string[]) => workspace.scenario(HEAD + lines.map((line) => `  - ${line}\n`).join("")).steps;

  it("knows the bundled setups", () => {
    expect(bundledSetups()).to.include.members(["nat", "dr", "tun"]);
  });

  it("reads a crafted frame with all that may be said of it", () => {
    const [step] = steps(
      "send: { flow: a, to: 53/udp, ip.id: 0x1234, ip.ttl: 08, payload: { size: 40 }, fragment: { size: 16, order: reversed }, times: 3 }",
    );
    const { fields, ...rest } = step as SendStep & { position: unknown };
    expect(rest).to.deep.equal({
      kind: "send",
      from: "client",
      flow: "a",
      to: { vip: VIP, port: 53, protocol: "udp" },
      fragment: { size: 16, order: "reversed" },
      times: 3,
      position: { file: `${workspace.folder}/case.yaml`, line: 4, column: 5 },
    });
    expect(fields["ip.id"]).to.equal(0x1234);
    expect(fields["ip.ttl"]).to.equal(8);
    expect(Buffer.from(fields.payload as Uint8Array).toString()).to.equal("abcdefghijklmnopqrstuvwxyz0123456789-abc");
  });

  it("knows where it speaks of a rule, and where its traffic begins", () => {
    const text =
      "title: t\nsetup: nat\ncovers: [GEN-TTL-01,\n  NAT-REQ-01]\nsteps:\n  - send: { flow: a }\nabsent:\n  - { at: client, direction: in, ip.ttl: 1 }\n";
    const scenario = workspace.scenario(text);
    const place = (id: string) => {
      const { line, column } = positionOf(scenario, id) ?? { line: 0, column: 0 };
      return `${line}:${column}`;
    };
    expect(["GEN-TTL-01", "NAT-REQ-01", "absent@8", "NAT-REQ-02"].map(place)).to.deep.equal([
      "3:10",
      "4:3",
      "8:5",
      "0:0",
    ]);
    expect(scenario.position).to.include({ line: 6, column: 5 });
  });

  it("keeps names of the setup, and hex digits that YAML takes for a number", () => {
    const [step] = steps("send: { flow: a, eth.dst: director/eth0, ip.src: rs1, ip.dst: vip, tcp.options: 01010101 }");
    expect((step as SendStep).fields).to.deep.equal({
      "eth.dst": "director/eth0",
      "ip.src": "rs1",
      "ip.dst": "vip",
      "tcp.options": "01010101",
    });
  });

  it("sends a flow where it went before, and an ICMP error where the quoted flow went", () => {
    const all = steps(
      "send: { flow: a, to: 53/udp }",
      "answer: { flow: a }",
      "send: { flow: e, from: router, icmp.type: 3, icmp.code: 3, quote: a }",
      "send: { flow: b }",
      "send: { flow: c, to: 81 }",
      'send: { flow: d, to: "director:80/tcp" }',
    ) as readonly SendStep[];
    expect(all.map(({ to }) => `${to?.vip}:${to?.port}/${to?.protocol}`)).to.deep.equal([
      `${VIP}:53/udp`,
      `${VIP}:53/udp`,
      `${VIP}:53/udp`,
      `${VIP}:80/tcp`,
      `${VIP}:81/tcp`,
      "10.0.0.1:80/tcp",
    ]);
  });

  it("carries a packet in a packet", () => {
    const [step] = steps(
      "send: { flow: t, ip.dst: director, inner: { ip.src: client, ip.dst: vip, tcp.dstport: 80 } }",
    );
    const inner = { "ip.src": "client", "ip.dst": "vip", "tcp.dstport": 80 };
    expect((step as SendStep).fields).to.deep.equal({ "ip.dst": "director", inner });
  });

  it("resolves who is asked for", () => {
    const all = steps(
      "ask: { who-has: vip, from: router, of: director }",
      "ask: { who-has: director, from: rs1, of: rs2, as: probe }",
    ) as readonly AskStep[];
    expect(all.map(({ whoHas, as }) => [whoHas, as])).to.deep.equal([
      [VIP, "broadcast"],
      ["192.168.10.1", "probe"],
    ]);
  });

  it("fills in what real traffic leaves out", () => {
    const all = steps("connect: {}", "datagram: { payload: 42, times: 2 }") as readonly ConnectStep[];
    expect(all.map(({ position: _, ...step }: ConnectStep & { position?: unknown }) => step)).to.deep.equal([
      { kind: "connect", from: "client", to: { vip: VIP, port: 80, protocol: "tcp" }, payload: "hopcheck", times: 1 },
      { kind: "datagram", from: "client", to: { vip: VIP, port: 53, protocol: "udp" }, payload: "42", times: 2 },
    ]);
  });

  it("gives each burst a name of its own", () => {
    const all = steps(
      "send: { flow: burst1 }",
      "burst: { count: 5 }",
      "burst: { count: 20000 }",
    ) as readonly BurstStep[];
    expect(all.map(({ flow }) => flow)).to.deep.equal(["burst1", "burst2", "burst3"]);
  });

  it("reads the steps that change the lab", () => {
    const all = steps(
      "weight: { server: rs1, weight: 0 }",
      "remove: { server: rs1 }",
      "add: { server: rs1 }",
      "forget: { host: router }",
    );
    expect(all.map(({ position: _, ...step }) => step)).to.deep.equal([
      { kind: "weight", realServer: "rs1", weight: 0 },
      { kind: "remove", realServer: "rs1" },
      { kind: "add", realServer: "rs1" },
      { kind: "forget", host: "router" },
    ]);
  });

  it("finds a capture of the project, also above the scenario's folder", () => {
    const capture = workspace.write("project/captures/burst.pcap", pcapBytes([new Uint8Array(60)]));
    workspace.write("project/package.json", "{}");
    const file = "project/cases/replay.yaml";
    workspace.write(file, `${HEAD}  - replay: { file: ../captures/burst.pcap }\n`);
    const [step] = workspace.load(file).steps;
    expect((step as ReplayStep).file).to.equal(capture);
  });

  it("spells expected values as frames show them", () => {
    const scenario = workspace.scenario(
      `${HEAD}  - send: { flow: a }\nexpect:\n  - { at: rs1/eth0, direction: in, ip.ttl#2: 0x3c, eth.src: 02-00-C0-A8-0A-01, ip.dst: rs1, count: 2 }\n` +
        "absent:\n  - { at: director/eth1, direction: out, ip.id: 4660 }\n",
    );
    const [expected] = scenario.expect;
    expect(expected).to.deep.include({ at: "rs1", direction: "in", count: 2 });
    expect(expected?.fields).to.deep.equal({ "ip.ttl#2": "60", "eth.src": "02:00:c0:a8:0a:01", "ip.dst": "rs1" });
    expect(scenario.absent[0]?.fields).to.deep.equal({ "ip.id": "0x1234" });
    expect(scenario.absent[0]?.position.line).to.equal(8);
  });

  it("follows a few aliases", () => {
    const scenario = workspace.scenario(`${HEAD}  - send: &one { flow: a }\n  - send: *one\n`);
    expect(scenario.steps.map((step) => (step as SendStep).flow)).to.deep.equal(["a", "a"]);
  });

  it("is deterministic", () => {
    const text = `${HEAD}  - burst: { count: 5 }\n`;
    expect(workspace.scenario(text)).to.deep.equal(workspace.scenario(text));
  });
});

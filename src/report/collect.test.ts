import { expect } from "chai";
import { catalogue } from "../forwarding/catalogue.js";
import type { Evidence } from "../forwarding/evidence.js";
import { judge } from "../forwarding/judge.js";
import type { Finding } from "../forwarding/rule.js";
import type { Model } from "../forwarding/setup.js";
import { PaperLab, type Request, VIP } from "../forwarding/testing/paper-lab.js";
import { clientError, serverError, tooLong } from "../forwarding/testing/traffic.js";
import { craft, type PacketSpec } from "../packet/craft.js";
import { collect, type Judgement } from "./collect.js";
import { readResult, renderJson } from "./json.js";
import type { HopResult, JourneyResult, ScenarioResult } from "./result.js";

function collected(evidence: Evidence, found: Partial<Judgement> = {}): ScenarioResult {
  const findings = judge(evidence, catalogue);
  const common = { file: "cases/x.yaml", title: "x", covers: [], durationMs: 1.23456, reproduce: "hopcheck run" };
  return collect({ ...common, evidence, findings, ...found });
}

function recorded(model: Model, play: (lab: PaperLab) => void, options?: ConstructorParameters<typeof PaperLab>[1]) {
  const lab = new PaperLab(model, options);
  play(lab);
  return collected(lab.evidence());
}

/** The scenario of one request of which a hop differs. */
const requested = (model: Model, request: Request = {}) => recorded(model, (lab) => lab.request(request));

const finding = (found: Partial<Finding>): Finding => ({
  rule: "DR-REQ-03",
  status: "pass",
  frames: [],
  count: 1,
  causes: [],
  ...found,
});

const changesOf = ({ changed = [] }: HopResult) => changed.map(({ field, verdict }) => `${field} ${verdict}`);
const violationsOf = ({ journeys }: ScenarioResult) =>
  journeys
    .flatMap(({ hops }) => hops)
    .flatMap((hop) => {
      const violated = changesOf(hop).filter((change) => change.endsWith("violation"));
      return violated.map((change) => `${hop.tap} ${hop.direction} ${change}`);
    });
const numbersOf = ({ hops }: JourneyResult) => hops.flatMap(({ tap, frames }) => frames.map((n) => `${tap} #${n}`));

describe("collect: places in the scenario file", () => {
  const evidence = new PaperLab("dr").evidence();

  it("are said of what the author promised and of what did not pass, and of nothing else", () => {
    const findings = [
      finding({ rule: "DR-REQ-01", frames: [{ tap: "rs1", number: 1 }] }),
      finding({ rule: "DR-REQ-02", status: "fail", lookedFor: "x" }),
      finding({ rule: "DR-REQ-03", frames: [{ tap: "rs1", number: 1 }] }),
      finding({ rule: "DR-REQ-04", status: "not-exercised", count: 0 }),
    ];
    const positionOf = (rule: string) => ({ file: "x", line: Number(rule.slice(-1)), column: 3 });
    const found = collected(evidence, { findings, covers: ["DR-REQ-01"], positionOf });
    expect(found.findings.map(({ position }) => position)).to.deep.equal([
      { line: 1, column: 3 },
      { line: 2, column: 3 },
      undefined,
      undefined,
    ]);
  });

  it("are said of the step at which it broke off", () => {
    const problemAt = { file: "x", line: 7, column: 5 };
    const found = collected(evidence, { problem: "no answer", problemIn: "step", problemAt });
    expect(found).to.include({ problem: "no answer", problemIn: "step" });
    expect(found.problemAt).to.deep.equal({ line: 7, column: 5 });
    expect(collected(evidence, { problemIn: "step", problemAt })).to.not.have.any.keys("problemIn", "problemAt");
  });
});

describe("collect: the verdict", () => {
  const evidence = new PaperLab("dr").evidence();
  const verdict = (...findings: Finding[]) => collected(evidence, { findings, covers: ["DR-REQ-01"] }).verdict;
  const good = finding({ rule: "DR-REQ-03" });

  it("is that of its findings", () => {
    expect(verdict(good)).to.equal("pass");
    expect(verdict(good, finding({ status: "inconclusive" }))).to.equal("inconclusive");
    expect(verdict(finding({ status: "inconclusive" }), finding({ status: "fail" }))).to.equal("fail");
    expect(verdict()).to.equal("fail");
  });

  it("is a failure where a covered rule was not exercised, and only then", () => {
    const idle = { status: "not-exercised", count: 0 } as const;
    expect(verdict(good, finding({ rule: "DR-REQ-01", ...idle }))).to.equal("fail");
    expect(verdict(good, finding({ rule: "DR-REQ-02", ...idle }))).to.equal("pass");
  });

  it("is inconclusive where the scenario did not end", () => {
    const { verdict, problem } = collected(evidence, { findings: [good], problem: "the lab did not settle" });
    expect([verdict, problem]).to.deep.equal(["inconclusive", "the lab did not settle"]);
  });

  it("comes with what the scenario is", () => {
    const result = collected(evidence, { findings: [good], capture: "captures/x.pcapng" });
    expect(result).to.include({ file: "cases/x.yaml", title: "x", durationMs: 1.235, capture: "captures/x.pcapng" });
    expect(result).not.to.have.any.keys("problem", "journeysLeftOut");
    const router = result.hosts.find(({ name }) => name === "router");
    expect(router?.nics.map(({ tap }) => tap)).to.deep.equal(["router/eth0", "router/eth1"]);
  });
});

describe("collect: models", () => {
  for (const model of ["nat", "dr", "tun"] as const) {
    it(`sees ${model} in a request, and nothing without one`, () => {
      expect(requested(model).models).to.deep.equal({ declared: model, observed: model });
      expect(recorded(model, () => {}).models.observed).to.equal("none");
      expect(recorded(model, (lab) => lab.ask("director", VIP)).models.observed).to.equal("none");
    });
  }

  it("says what it saw, whatever was declared", () => {
    const wrong = requested("nat", { out: { "ip.dst": VIP, "tcp.dstport": 80 } });
    expect(wrong.models).to.deep.equal({ declared: "nat", observed: "dr" });
  });

  it("sees several models in one scenario", () => {
    const both = recorded("nat", (lab) => {
      lab.request();
      lab.request({ port: 40002, out: { "ip.dst": VIP, "tcp.dstport": 80 } });
    });
    expect(both.models.observed).to.equal("mixed");
  });

  it("takes no tunnel of the client for one of the director", () => {
    const spec = { "ip.src": "172.16.0.100", "ip.dst": VIP, "ip.id": 7, inner: { "ip.src": "1.2.3.4", "ip.dst": VIP } };
    const tunnelled = recorded("dr", (lab) => {
      lab.toDirector(spec);
      lab.forward(spec);
    });
    expect(tunnelled.models.observed).to.equal("dr");
  });

  it("calls services of several models mixed", () => {
    const { setup, ...evidence } = new PaperLab("dr").evidence();
    const [one] = setup.services;
    const services = [...setup.services, ...(one ? [{ ...one, port: 81, model: "tun" as const }] : [])];
    expect(collected({ ...evidence, setup: { ...setup, services } }).models.declared).to.equal("mixed");
  });
});

describe("collect: hops", () => {
  it("say where, when and what, and what changed on the way", () => {
    const [journey] = requested("nat").journeys;
    expect(journey?.title).to.equal("tcp 172.16.0.100:40001 > 10.0.0.10:80 S");
    expect(journey?.hops.map(({ tap, direction, timeNs }) => `${tap} ${direction} ${timeNs}`)).to.deep.equal([
      "client out 0",
      "router/eth0 in 1000",
      "router/eth1 out 2000",
      "director/eth0 in 3000",
      "director/eth1 out 4000",
      "rs1 in 5000",
    ]);
    const route = ["eth.dst allowed", "eth.src allowed", "ip.ttl allowed", "ip.checksum allowed"];
    const translation = ["ip.dst allowed", "tcp.dstport allowed", "tcp.checksum allowed"];
    expect(journey?.hops.map(changesOf)).to.deep.equal([[], [], route, [], [...route, ...translation], []]);
    expect(journey?.hops.filter((hop) => "changed" in hop)).to.have.lengthOf(2);
  });

  it("compare the packet in a tunnel with what it was before, and list no header that the tunnel adds", () => {
    const out = requested("tun").journeys[0]?.hops.find(
      ({ host, direction }) => host === "director" && direction === "out",
    );
    expect(out && changesOf(out)).to.deep.equal([
      "eth.dst allowed",
      "eth.src allowed",
      "ip.ttl#2 allowed",
      "ip.checksum#2 allowed",
    ]);
  });

  it("list what got lost on the way", () => {
    const nat = requested("nat", { spec: { "ip.options": "5e04abcd" }, out: { "ip.options": undefined } });
    expect(nat.journeys[0]?.hops[4]?.changed?.map(({ field }) => field)).to.include("ip.options");
    const tun = requested("tun", { spec: { payload: "x" }, inner: { payload: "" } });
    expect(tun.journeys[0]?.hops[4]?.changed?.map(({ field }) => field)).to.include.members(["data.data", "ip.len#2"]);
  });

  it("name the hop that they came from where it is not the one before", () => {
    const { journeys } = recorded("dr", (lab) => {
      const spec = lab.requestSpec({});
      lab.toDirector(spec);
      lab.forward(spec);
      lab.forward(spec, { server: "rs2" });
    });
    expect(journeys[0]?.hops.map(({ tap, from }) => `${tap} ${from ?? "-"}`)).to.deep.equal([
      "client -",
      "router/eth0 -",
      "router/eth1 -",
      "director -",
      "director -",
      "rs1 -",
      "director 3",
      "rs2 -",
    ]);
  });

  it("keep 256 bytes of a long datagram, and its length", () => {
    const spec = { "udp.dstport": 53, payload: "x".repeat(1000) };
    const [hop] = requested("dr", { spec }).journeys[0]?.hops ?? [];
    expect(hop?.bytes).to.have.lengthOf(512);
    expect(hop?.length).to.equal(14 + 20 + 8 + 1000);
  });

  it("are whole where the datagram came in fragments", () => {
    const spec = { "udp.dstport": 53, payload: "x".repeat(3000) };
    const [journey] = requested("dr", { spec, fragment: 1200 }).journeys;
    expect(journey?.hops[0]).to.include({ length: 14 + 20 + 8 + 3000 });
    expect(journey?.hops[0]?.frames).to.deep.equal([1, 2, 3]);
  });

  it("have the length on the wire where a capture has less", () => {
    const { frames, ...evidence } = new PaperLab("dr").evidence();
    const lab = new PaperLab("dr");
    lab.request();
    const first = lab.evidence().journeys[0]?.sightings[0];
    if (first?.frames[0] === undefined) throw new Error("nothing was recorded");
    const short = { ...first, frames: [{ ...first.frames[0], wireLength: 900 }] };
    const { journeys } = collected({ ...evidence, frames, journeys: [{ sightings: [short] }] }, { findings: [] });
    expect(journeys[0]?.hops[0]?.length).to.equal(900);
  });
});

describe("collect: titles", () => {
  const titles = ({ journeys }: ScenarioResult) => journeys.map(({ title }) => title);

  it("say in a line what a datagram is", () => {
    const udp = requested("dr", { spec: { "udp.dstport": 53 } });
    expect(titles(udp)).to.deep.equal(["udp 172.16.0.100:40001 > 10.0.0.10:53"]);
    const arp = recorded("dr", (lab) => lab.ask("director", VIP));
    expect(titles(arp)).to.deep.equal([
      "arp who-has 10.0.0.10 tell 10.0.0.254",
      "arp 10.0.0.10 is-at 02:00:00:00:00:01",
    ]);
    const errors = recorded("nat", (lab) => {
      lab.request();
      clientError(lab, 40001, "rs1");
      lab.record("client", "out", Uint8Array.of(1, 2, 3));
    });
    expect(titles(errors).slice(1)).to.deep.equal(["icmp 172.16.0.200 > 10.0.0.10 type 3 code 4", "frame"]);
  });

  it("are of the same kind under IPv6", () => {
    const ends = { "ipv6.src": "fd01::100", "ipv6.dst": "fd00::10" };
    const specs: PacketSpec[] = [
      { "tcp.srcport": 40001, "tcp.dstport": 80 },
      { "udp.srcport": 42001, "udp.dstport": 53 },
      { "sctp.srcport": 43001, "sctp.dstport": 5000 },
      { "icmpv6.type": 2, "icmpv6.mtu": 1280, quoted: { ...ends, "tcp.dstport": 80 } },
      { payload: "something" },
    ];
    const seen = recorded("dr", (lab) => {
      for (const spec of specs) lab.record("client", "out", craft({ ...ends, ...spec }));
      lab.record("client", "out", craft({ "ip.src": "10.0.0.1", inner: { ...ends, ...specs[0] } }));
    });
    expect(titles(seen)).to.deep.equal([
      "tcp [fd01::100]:40001 > [fd00::10]:80 S",
      "udp [fd01::100]:42001 > [fd00::10]:53",
      "sctp [fd01::100]:43001 > [fd00::10]:5000",
      "icmpv6 fd01::100 > fd00::10 type 2 code 0",
      "ipv6 fd01::100 > fd00::10 protocol 253",
      "tcp [fd01::100]:40001 > [fd00::10]:80 S",
    ]);
  });
});

describe("collect: violations", () => {
  it("stand at the hop and the field that a failing finding names, and nowhere else", () => {
    const nat = requested("nat", { out: { "ip.id": 1 } });
    expect(violationsOf(nat)).to.deep.equal(["director/eth1 out ip.id violation"]);
    // One NIC for both: the request that came in is named too, and is not at fault.
    const dr = requested("dr", { out: { "ip.id": 1 } });
    expect(dr.findings.find(({ status }) => status === "fail")?.frames.map(({ tap }) => tap)).to.deep.equal([
      "director",
      "director",
    ]);
    expect(violationsOf(dr)).to.deep.equal(["director out ip.id violation"]);
  });

  it("tell the outer header from the inner", () => {
    expect(violationsOf(requested("tun", { out: { "ip.src": VIP } }))).to.deep.equal(["director out ip.src violation"]);
    expect(violationsOf(requested("tun", { inner: { "ip.id": 1 } }))).to.deep.equal(["director out ip.id#2 violation"]);
  });

  it("stand on what should have changed and did not", () => {
    expect(violationsOf(requested("nat", { out: { "ip.dst": VIP } }))).to.include("director/eth1 out ip.dst violation");
  });

  it("stand on what no header has at that hop", () => {
    const lost = requested("nat", { spec: { "ip.options": "5e04abcd" }, out: { "ip.options": undefined } });
    expect(violationsOf(lost)).to.deep.equal(["director/eth1 out ip.options violation"]);
    expect(violationsOf(requested("nat", { out: { "tcp.options": "02040514" } }))).to.deep.equal([
      "director/eth1 out tcp.options.mss_val violation",
    ]);
  });

  it("stand on every hop that a merged finding names", () => {
    const twice = recorded("dr", (lab) => {
      for (const port of [40001, 40002]) lab.request({ port, out: { "ip.id": 1 } });
    });
    expect(violationsOf(twice)).to.deep.equal(["director out ip.id violation", "director out ip.id violation"]);
  });

  it("stand on a real server's ARP answer, not on the question", () => {
    const arp = recorded("dr", (lab) => {
      lab.ask("rs1", VIP);
      lab.ask("rs1", lab.ip("rs1"));
    });
    expect(violationsOf(arp)).to.deep.equal(["rs1 out arp.src.proto_ipv4 violation"]);
  });

  it("are none where a finding does not fail", () => {
    const lab = new PaperLab("dr");
    lab.request();
    const { frames } = lab.evidence();
    const cited = frames.map(({ tap, number }) => ({ tap, number }));
    const found = (["pass", "inconclusive", "declared"] as const).map((status) =>
      finding({ status, tap: "director", field: "ip.ttl", frames: cited }),
    );
    expect(violationsOf(collected(lab.evidence(), { findings: found }))).to.deep.equal([]);
  });
});

describe("collect: the journeys that are kept", () => {
  /** Chatter, then more requests than are kept, and one more at the end. */
  function burst(last: Request = {}) {
    const lab = new PaperLab("dr");
    for (let n = 0; n < 5; n += 1) lab.resolve("rs2", "10.0.0.12", "10.0.0.254", lab.mac("rs2"));
    for (let n = 0; n < 250; n += 1) lab.request({ port: 10_000 + n });
    lab.request({ port: 20_000, ...last });
    return lab.evidence();
  }

  it("are those of a whole scenario where there are few, plain ARP behind the rest", () => {
    const lab = new PaperLab("dr");
    lab.resolve("rs1", "10.0.0.11", "10.0.0.254", lab.mac("rs1"));
    for (const port of [40001, 40002]) lab.request({ port });
    const { journeys, journeysLeftOut } = collected(lab.evidence(), { findings: [] });
    const ports = journeys.map(({ title }) => /:(4000\d) /.exec(title)?.[1]);
    expect(ports).to.deep.equal(["40001", "40002", undefined]);
    expect(journeysLeftOut).to.equal(undefined);
  });

  it("are 200 at most, in the order of their times", () => {
    const result = collected(burst(), { findings: [] });
    const ports = result.journeys.map(({ title }) => Number(/100:(\d+)/.exec(title)?.[1]));
    expect(ports).to.deep.equal(Array.from({ length: 200 }, (_, n) => 10_000 + n));
    expect(result.journeysLeftOut).to.equal(56);
  });

  it("hold a violation, however late it comes", () => {
    const result = collected(burst({ out: { "ip.id": 1 } }));
    expect(result.journeys).to.have.lengthOf(200);
    expect(result.journeys.at(-1)?.title).to.contain(":20000 ");
    expect(violationsOf(result)).to.deep.equal(["director out ip.id violation"]);
  });

  it("hold what a failure without a field, or an open question, rests on", () => {
    const evidence = burst();
    const at = (index: number) =>
      evidence.frames
        .slice(index)
        .slice(0, 1)
        .map(({ tap, number }) => ({ tap, number }));
    for (const status of ["fail", "inconclusive", "pass"] as const) {
      const frames = at(-1);
      const { journeys } = collected(evidence, { findings: [finding({ status, frames })] });
      expect(journeys.flatMap(numbersOf), status).to.include(`${frames[0]?.tap} #${frames[0]?.number}`);
    }
    const arp = finding({ status: "pass", frames: at(0) });
    expect(collected(evidence, { findings: [arp] }).journeys[0]?.title).to.contain("arp who-has");
  });

  it("give up passes for failures where not all that is cited can be kept", () => {
    const evidence = burst();
    const all = evidence.frames.map(({ tap, number }) => ({ tap, number }));
    const found = [
      finding({ status: "pass", frames: all }),
      finding({ status: "fail", frames: all.slice(-1), tap: "rs1", field: "ip.ttl" }),
    ];
    expect(violationsOf(collected(evidence, { findings: found }))).to.deep.equal(["rs1 in ip.ttl violation"]);
  });
});

describe("collect: findings", () => {
  it("carry what the catalogue says, and whether the author named the rule", () => {
    const result = collected(new PaperLab("dr").evidence(), { covers: ["DR-REQ-03"], findings: [finding({})] });
    const rule = catalogue.find(({ id }) => id === "DR-REQ-03");
    const { title, level, profile, statement, source } = rule ?? {};
    expect(result.findings[0]).to.include({ title, level, profile, statement, source, covered: true });
    expect(collected(new PaperLab("dr").evidence(), { findings: [finding({})] }).findings[0]?.covered).to.equal(false);
  });

  it("carry an assertion's own words", () => {
    const lookedFor = "client in: ip.ttl=60";
    const assertions = [
      finding({ rule: "expect@12", status: "fail", lookedFor }),
      finding({ rule: "absent@14", lookedFor }),
      finding({ rule: "the script's own expectations", lookedFor: "the script's own expectations" }),
    ];
    const { findings, verdict } = collected(new PaperLab("dr").evidence(), { findings: assertions });
    expect(verdict).to.equal("fail");
    expect(findings.map(({ level, statement, source, covered }) => [level, statement, source, covered])).to.deep.equal([
      ["MUST", lookedFor, "line 12 of the scenario file", true],
      ["MUST NOT", lookedFor, "line 14 of the scenario file", true],
      ["MUST", "the script's own expectations", "the scenario file", true],
    ]);
  });
});

describe("collect: what it gives", () => {
  it("is a result by the schema, whatever was recorded", () => {
    const scenarios = (["nat", "dr", "tun"] as const).map((model) =>
      recorded(model, (lab) => {
        lab.request({ out: { "ip.id": 1 } });
        lab.answer();
        clientError(lab, 40001, "rs1");
        if (model === "nat") serverError(lab, 40001, "rs1");
        tooLong(lab);
        lab.ask("director", VIP, { tap: model === "nat" ? "director/eth0" : "director" });
        lab.record("client", "out", new Uint8Array());
      }),
    );
    const result = {
      schemaVersion: 1,
      tool: { name: "hopcheck", version: "0.1.0" },
      verdict: "fail",
      startedAt: "2025-11-23T07:12:45Z",
      durationMs: 1,
      scenarios,
    } as const;
    expect(readResult(renderJson(result), "results.json")).to.deep.equal(JSON.parse(JSON.stringify(result)));
  });
});

import { expect } from "chai";
import { craft } from "../packet/craft.js";
import { fragment } from "../packet/fragment.js";
import { catalogue } from "./catalogue.js";
import { changes } from "./compare.js";
import type { Journey } from "./journey.js";
import { judge } from "./judge.js";
import type { Model } from "./setup.js";
import { CLIENT, PaperLab, VIP } from "./testing/paper-lab.js";
import { viewOf } from "./view.js";

const BURST = 10_000;
/** Ethernet and IPv4 headers without options, then the TCP header's own offset. */
const TCP_CHECKSUM_IN_FRAME = 14 + 20 + 16;

/** `client out, router/eth0 in, …` */
function way(journey: Journey | undefined): string {
  return (journey?.sightings ?? []).map(({ tap, direction }) => `${tap} ${direction}`).join(", ");
}

function journeys(lab: PaperLab): readonly Journey[] {
  return lab.evidence().journeys;
}

const SYN_ACK = {
  "tcp.srcport": 80,
  "tcp.dstport": 40001,
  "tcp.flags": "SA",
  "tcp.seq_raw": 9000,
  "tcp.ack_raw": 1001,
};
const DR_WAY = "client out, router/eth0 in, router/eth1 out, director in, director out, rs1 in";

describe("followJourneys", () => {
  const ways: [Model, string][] = [
    ["dr", DR_WAY],
    ["tun", DR_WAY],
    ["nat", "client out, router/eth0 in, router/eth1 out, director/eth0 in, director/eth1 out, rs1 in"],
  ];
  it("joins IPv6 fragments whose extension headers only the first one has", () => {
    const lab = new PaperLab("dr");
    const ends = { "eth.dst": lab.mac("router"), "ipv6.src": "fd01::100", "ipv6.dst": "fd00::10" };
    const spec = { ...ends, "ipv6.dstopts": "0000010400000000", "udp.dstport": 53, "data.len": 3000 };
    for (const frame of fragment(craft(spec), 1232)) {
      lab.record("client", "out", frame);
      lab.record("router/eth0", "in", frame);
    }
    expect(journeys(lab).map(way)).to.deep.equal(["client out, router/eth0 in"]);
    expect(journeys(lab)[0]?.sightings[1]?.packet.payload).to.have.length(3000);
  });

  for (const [model, expected] of ways) {
    it(`follows a ${model} request to its real server, and its answer back`, () => {
      const lab = new PaperLab(model);
      lab.request();
      lab.answer();
      const [request, answer] = journeys(lab);
      expect(journeys(lab)).to.have.length(2);
      expect(way(request)).to.equal(expected);
      expect(way(answer)).to.match(/^rs1 out, .*client in$/);
    });

    it(`keeps equal ${model} packets apart, the k-th with the k-th`, () => {
      const lab = new PaperLab(model);
      for (let k = 0; k < 5; k++) lab.request();
      expect(journeys(lab).map(way)).to.deep.equal(Array(5).fill(expected));
    });

    it(`joins ${model} fragments, also in reversed order`, () => {
      for (const reversed of [false, true]) {
        const lab = new PaperLab(model);
        lab.request({ spec: { "udp.dstport": 53, "ip.id": 7, payload: "x".repeat(3000) }, fragment: 1200, reversed });
        expect(journeys(lab).map(way)).to.deep.equal([expected]);
        const last = journeys(lab)[0]?.sightings.at(-1);
        expect(last?.frames).to.have.length(3);
        expect((last?.packet.inner ?? last?.packet)?.payload).to.have.length(3000);
      }
    });

    it(`follows a ${model} request whose ID and payload the director changed`, () => {
      const lab = new PaperLab(model);
      const wrong = { "ip.id": 1, payload: "other" };
      lab.request({ spec: { payload: "right" }, ...(model === "tun" ? { inner: wrong } : { out: wrong }) });
      expect(journeys(lab).map(way)).to.deep.equal([expected]);
    });

    it(`follows a ${model} request by its client and service alone`, () => {
      const lab = new PaperLab(model);
      const wrong = { "ip.id": 1, "tcp.seq_raw": 7 };
      const spec = { "ip.id": 0, "tcp.seq_raw": 0 };
      lab.request({ spec, ...(model === "tun" ? { inner: wrong } : { out: wrong }) });
      expect(journeys(lab).map(way)).to.deep.equal([expected]);
    });

    it(`makes a tree of a duplicate of a ${model} request`, () => {
      const lab = new PaperLab(model);
      lab.request({ copies: 2 });
      const [journey] = journeys(lab);
      expect(journeys(lab)).to.have.length(1);
      const atDirector = journey?.sightings.filter(({ host, direction }) => host === "director" && direction === "out");
      expect(atDirector).to.have.length(2);
      expect(atDirector?.[0]?.from).to.equal(atDirector?.[1]?.from);
    });
  }

  it("follows a request into a tunnel that nobody knows", () => {
    const lab = new PaperLab("tun");
    lab.request({ out: { "ip.proto": 94 } });
    expect(journeys(lab).map(way)).to.deep.equal([DR_WAY]);
  });

  it("tells answers to a SYN and to its duplicate apart by their timestamps", () => {
    const lab = new PaperLab("nat");
    const stamped = (value: string) => ({ "tcp.options": `080a0000000${value}000000000101` });
    lab.request({ copies: 2 });
    const answers = ["1", "2"].map((value) => ({ spec: stamped(value), out: stamped(value) }));
    for (const answer of answers) lab.answer({ ...answer, forwarded: false });
    const sent = { "ip.src": VIP, "ip.dst": CLIENT, "ip.ttl": 63, "ip.id": 0x4321, ...SYN_ACK };
    const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
    for (const value of ["1", "1", "2", "2"])
      lab.wire("director/eth0", "router/eth1", { ...macs, ...sent, ...stamped(value) });
    const replies = journeys(lab).filter(({ sightings: [first] }) => first?.tap === "rs1");
    expect(replies.map(({ sightings }) => sightings.length)).to.deep.equal([6, 6]);
  });

  it("follows an answer whose checksum the sender's own tap saw unfinished", () => {
    const lab = new PaperLab("dr");
    lab.request();
    lab.answer();
    const offloaded = new PaperLab("dr");
    for (const { tap, direction, bytes } of lab.evidence().frames) {
      const unfinished = tap === "rs1" && direction === "out";
      const recorded = Uint8Array.from(bytes);
      if (unfinished) recorded.set([0x12, 0x34], TCP_CHECKSUM_IN_FRAME);
      offloaded.record(tap, direction, recorded, !unfinished);
    }
    expect(journeys(offloaded).map(way)).to.deep.equal(journeys(lab).map(way));
  });

  it("takes what a bridge floods for part of the journey, but not for addressed", () => {
    const lab = new PaperLab("dr");
    lab.request({ flood: ["rs2"] });
    const flooded = journeys(lab)[0]?.sightings.filter(({ host }) => host === "rs2") ?? [];
    expect(flooded.map(({ addressed }) => addressed)).to.deep.equal([false, false]);
    expect(judge(lab.evidence(), catalogue).filter(({ status }) => status === "fail")).to.deep.equal([]);
  });

  it("gives a copy to the retransmission where the first packet was dropped", () => {
    const lab = new PaperLab("dr");
    lab.request({ copies: 0 });
    lab.request();
    expect(journeys(lab).map(({ sightings }) => sightings.length)).to.deep.equal([4, 6]);
  });

  it("does not take the director's own answer for a forwarded packet", () => {
    const lab = new PaperLab("dr");
    lab.request({ spec: { "tcp.dstport": 81, "ip.id": 0, "tcp.seq_raw": 0 }, copies: 0 });
    const reset = {
      "ip.src": "10.0.0.10",
      "ip.dst": "172.16.0.100",
      "tcp.srcport": 81,
      "tcp.dstport": 40001,
      "tcp.flags": "RA",
    };
    lab.wire("director", "router/eth1", {
      ...reset,
      "tcp.seq_raw": 0,
      "eth.src": lab.mac("director"),
      "eth.dst": lab.mac("router", 1),
    });
    expect(journeys(lab)).to.have.length(2);
  });

  for (const model of ["nat", "dr", "tun"] as const) {
    it(`follows a burst of ${BURST} ${model} requests`, () => {
      const lab = new PaperLab(model);
      for (let k = 0; k < BURST; k++) lab.request({ port: 10_000 + k, server: k % 2 === 0 ? "rs1" : "rs2" });
      const evidence = lab.evidence();
      expect(evidence.journeys).to.have.length(BURST);
      expect(evidence.journeys.every(({ sightings }) => sightings.length === 6)).to.equal(true);
      const findings = judge(evidence, catalogue);
      expect(findings.filter(({ status }) => status === "fail")).to.deep.equal([]);
      expect(findings.find(({ rule }) => rule === "GEN-TTL-01")?.count).to.equal(BURST);
    });
  }
});

describe("judge", () => {
  it("caps distinct failures and counts the rest", () => {
    const lab = new PaperLab("dr");
    for (let k = 0; k < 9; k++) lab.request({ port: 40001 + k, server: k % 2 ? "rs1" : "rs2", out: { "ip.id": k } });
    const findings = judge(lab.evidence(), catalogue).filter(({ rule }) => rule === "DR-REQ-03");
    expect(findings).to.have.length(5);
    expect(findings.reduce((sum, { count }) => sum + count, 0)).to.equal(9);
  });

  it("stays silent about checksums that a NIC was still to fill in", () => {
    const lab = new PaperLab("nat");
    const spec = lab.requestSpec({});
    lab.toDirector(spec);
    lab.forward(spec, { out: { "tcp.checksum": 0x1111 } });
    const evidence = lab.evidence();
    const frames = evidence.frames.map((frame) => ({
      ...frame,
      checksumReady: !frame.tap.startsWith("director/eth1"),
    }));
    const other = new PaperLab("nat");
    for (const { tap, direction, bytes, checksumReady } of frames) other.record(tap, direction, bytes, checksumReady);
    expect(judge(other.evidence(), catalogue).filter(({ status }) => status === "fail")).to.deep.equal([]);
  });

  it("leaves a late packet of an older connection alone", () => {
    const lab = new PaperLab("nat");
    lab.answer({ port: 39999 });
    lab.request({ port: 39999, spec: { "tcp.flags": "R", "tcp.seq_raw": 1001 } });
    expect(judge(lab.evidence(), catalogue).filter(({ status }) => status === "fail")).to.deep.equal([]);
  });

  it("is inconclusive about ARP silence of a real server that answers nothing", () => {
    const lab = new PaperLab("dr");
    lab.ask("rs1", "10.0.0.10", { answer: false });
    lab.ask("rs1", "10.0.0.11", { answer: false });
    const findings = judge(lab.evidence(), catalogue);
    expect(findings.find(({ rule }) => rule === "DR-ARP-02")).to.include({ status: "inconclusive", suspect: "rs1" });
    expect(findings.find(({ rule }) => rule === "DR-ARP-05")).to.include({ status: "fail", suspect: "rs1" });
  });
});

describe("changes", () => {
  it("tells allowed changes from violations and from what stayed", () => {
    const lab = new PaperLab("nat");
    lab.request({ out: { "ip.id": 1 } });
    const view = viewOf(lab.evidence());
    const [crossing] = view.crossings;
    const out = crossing?.outs[0];
    if (crossing === undefined || out === undefined) throw new Error("nothing crossed the director");
    const found = new Map(changes(view, crossing, out).map((change) => [change.field, change]));
    expect(found.get("ip.dst")).to.include({
      before: "10.0.0.10",
      after: "192.168.10.11",
      verdict: "allowed",
      rule: "NAT-REQ-01",
    });
    expect(found.get("ip.ttl")).to.include({ before: "61", after: "60", verdict: "allowed", rule: "GEN-TTL-01" });
    expect(found.get("ip.src")).to.include({ verdict: "same", rule: "NAT-REQ-02" });
    const id = { before: "0x1234", after: "0x0001", verdict: "violation", rule: "NAT-REQ-08", expected: "0x1234" };
    expect(found.get("ip.id")).to.include(id);
  });
});

import { expect } from "chai";
import type { Frame } from "../packet/frame.js";
import { decodeLink, LINK_TYPE } from "../packet/link.js";
import { decode } from "../packet/packet.js";
import { SLL_PACKET_TYPE, Sll } from "../packet/sll.js";
import { catalogue } from "./catalogue.js";
import type { Evidence } from "./evidence.js";
import { followJourneys } from "./journey.js";
import { judge } from "./judge.js";
import type { Finding, Status } from "./rule.js";
import { mutants } from "./testing/mutants.js";
import { PaperLab } from "./testing/paper-lab.js";
import { exchange } from "./testing/traffic.js";

const MODELS = ["nat", "dr", "tun"] as const;
/** From Ethernet and IP alone, over what tcpdump once kept, to most of a frame. */
const SNAPS = [34, 38, 42, 48, 54, 60, 68, 74, 82, 96, 128, 256, 1000];

type Recapture = (frame: Frame) => Frame;

/** The same evidence, as another capture would have it. */
function recaptured(evidence: Evidence, capture: Recapture): Evidence {
  const frames = evidence.frames.map(capture);
  return { ...evidence, frames, journeys: followJourneys(frames, evidence.setup) };
}

const snapped =
  (snap: number, tap = ""): Recapture =>
  (frame) => {
    const bytes = frame.tap.startsWith(tap) ? frame.bytes.subarray(0, snap) : frame.bytes;
    return { ...frame, bytes, packet: decode(bytes, frame.wireLength) };
  };

/** As the device `any` gives it: with the sender's MAC alone. */
function cooked(frame: Frame): Frame {
  const { eth } = frame.packet;
  const header = new Uint8Array(16);
  const type = frame.direction === "out" ? "outgoing" : eth?.dst === "ff:ff:ff:ff:ff:ff" ? "broadcast" : "toHost";
  const packetType = SLL_PACKET_TYPE[type];
  Sll.emit(header, 0, 1, { src: eth?.src ?? "", protocol: eth?.type ?? 0, packetType });
  const bytes = Buffer.concat([header, frame.bytes.subarray(eth?.headerLength)]);
  return { ...frame, bytes, wireLength: bytes.length, packet: decodeLink(LINK_TYPE.sll, bytes) };
}

/** As a tunnel device gives it: without any MAC, and without what is no IP. */
function raw(frame: Frame): Frame {
  const bytes = frame.bytes.subarray(frame.packet.ip?.offset ?? frame.bytes.length);
  return { ...frame, bytes, wireLength: bytes.length, packet: decodeLink(LINK_TYPE.raw, bytes) };
}

const CAPTURES: readonly (readonly [string, Recapture])[] = [
  ...SNAPS.map((snap) => [`all ${snap} bytes`, snapped(snap)] as const),
  ...["client", "director", "rs"].map((tap) => [`96 bytes at ${tap}`, snapped(96, tap)] as const),
  ["cooked", cooked],
  ["raw", raw],
];

function withStatus(findings: readonly Finding[], status: Status): string[] {
  return [...new Set(findings.filter((finding) => finding.status === status).map(({ rule }) => rule))].sort();
}

function text(findings: readonly Finding[]): string {
  const failures = findings.filter(({ status }) => status === "fail");
  return failures
    .map(({ rule, tap, field, expected, observed }) => [rule, tap, field, expected, observed].join(" | "))
    .join("\n");
}

describe("captures that do not have all", () => {
  for (const model of MODELS) {
    for (const [name, capture] of CAPTURES) {
      it(`${model}: accuse nobody, and pass nothing that whole ones do not, with ${name}`, () => {
        for (const lab of exchange(model)) {
          const evidence = lab.evidence();
          const found = judge(recaptured(evidence, capture), catalogue);
          expect(withStatus(found, "fail"), text(found)).to.deep.equal([]);
          expect(withStatus(judge(evidence, catalogue), "pass")).to.include.members(withStatus(found, "pass"));
        }
      });
    }
  }

  for (const [name, capture] of CAPTURES) {
    it(`blame no other rule for a fault, with ${name}`, () => {
      for (const { rule, also = [], name: mutant, evidence } of mutants) {
        const found = judge(recaptured(evidence(), capture), catalogue);
        expect([rule, ...also], `${rule}, ${mutant}: ${text(found)}`).to.include.members(withStatus(found, "fail"));
      }
    });
  }
});

describe("a payload that the captures cut", () => {
  const evidence = (payload: string, out: string) => {
    const lab = new PaperLab("dr");
    const ack = { "tcp.flags": "PA" };
    lab.request({ spec: { "tcp.flags": "S" } });
    lab.request({ spec: { ...ack, payload }, out: { payload: out } });
    return recaptured(lab.evidence(), snapped(96));
  };
  const finding = (found: Evidence, rule: string) => judge(found, catalogue).find((one) => one.rule === rule);

  it("is not exercised, and the reason says how to record it", () => {
    const lab = new PaperLab("dr");
    lab.request({ spec: { "udp.dstport": 53, payload: "q".repeat(400) } });
    const found = finding(recaptured(lab.evidence(), snapped(96)), "DR-REQ-04");
    expect(found).to.include({
      status: "not-exercised",
      reason: "the captures keep 96 of 442 bytes; record with -s 0",
    });
    expect(found?.frames).to.not.be.empty;
  });

  it("is judged by what is there of it", () => {
    const [long, other] = ["a".repeat(300), `b${"a".repeat(299)}`];
    expect(finding(evidence(long, long), "DR-REQ-04")?.status).to.equal("pass");
    expect(finding(evidence(long, other), "DR-REQ-04")?.status).to.equal("fail");
  });
});

import { expect } from "chai";
import type { PacketSpec } from "../../packet/craft.js";
import { catalogue } from "../catalogue.js";
import { CLIENT, PaperLab, VIP } from "../testing/paper-lab.js";
import { capturesOf } from "./captures.test-support.js";
import { conclude } from "./conclude.js";
import { evidenceOf } from "./evidence.js";

const SEGMENTS = 3;

const WAYS = ["request", "answer"] as const;
type Way = (typeof WAYS)[number];

/** A connection in which the director's NIC joined segments, and cut them again; the second time they came as well. */
function joined(model: "nat" | "dr" | "tun", way: Way, size: number): PaperLab {
  const lab = new PaperLab(model);
  const part = (index: number) => "abc".charAt(index).repeat(size);
  const parts = Array.from({ length: SEGMENTS }, (_, index) => part(index));
  const flags = { "tcp.flags": "PA", "tcp.ack_raw": 9001 };
  const segment = (index: number, id: number) => ({
    ...flags,
    ...(way === "request" ? { "tcp.seq_raw": 1001 + index * size } : { "tcp.seq_raw": 9001 + index * size }),
    "ip.id": id + index,
    payload: part(index),
    "tcp.flags": index < SEGMENTS - 1 ? "A" : "PA",
  });
  const whole = (id: number) => ({ ...segment(0, id), ...flags, payload: parts.join("") });
  lab.request({ spec: { "ip.id": 1 } });
  lab.answer({ spec: { "ip.id": 2 } });
  for (const id of [10, 20]) {
    if (way === "request") lab.toDirector(lab.requestSpec({ spec: whole(id) }));
    else lab.answer({ spec: whole(id), forwarded: false });
    for (let index = 0; index < SEGMENTS; index++) {
      const spec = segment(index, id);
      if (way === "request") lab.forward(lab.requestSpec({ spec }));
      else lab.wire("director/eth0", "router/eth1", { ...asSent(lab), ...spec });
    }
    lab.wait(1000);
  }
  lab.request({ port: 40002, spec: { "ip.id": 50 } });
  lab.answer({ port: 40002, spec: { "ip.id": 51 } });
  lab.wait(2000);
  lab.request({ port: 40003, spec: { "ip.id": 60 } });
  lab.answer({ port: 40003, spec: { "ip.id": 61 } });
  return lab;
}

/** What the director makes of an answer. */
function asSent(lab: PaperLab): PacketSpec {
  const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
  return { ...macs, "ip.src": VIP, "ip.dst": CLIENT, "ip.ttl": 63, "tcp.srcport": 80, "tcp.dstport": 40001 };
}

describe("segments that a NIC joined, and cut again", () => {
  for (const model of ["nat", "dr", "tun"] as const)
    for (const size of [500, 1448])
      for (const way of model === "nat" ? WAYS : WAYS.slice(0, 1))
        it(`accuse nobody under ${model} where they are of ${size} bytes of ${way}s`, () => {
          for (const taps of [/./, /director/, /director|rs/]) {
            const lab = joined(model, way, size);
            const { findings } = conclude(
              evidenceOf(
                lab.setup,
                capturesOf(lab.evidence()).filter(({ tap }) => taps.test(tap)),
              ).evidence,
              catalogue,
            );
            const wrong = findings.filter(({ status }) => status === "fail" || status === "inconclusive");
            expect(wrong.map(({ rule, observed }) => `${rule}: ${observed}`)).to.deep.equal([]);
          }
        });
});

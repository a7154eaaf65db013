import { expect } from "chai";
import type { PacketSpec } from "../../packet/craft.js";
import { PaperLab } from "../testing/paper-lab.js";
import type { Capture } from "./capture.js";
import { wrongOf } from "./captures.test-support.js";

const PACKETS = 6;
const MISSED = 4;

/** What a client may send several times in a row, one like the other. */
const ALIKE: Readonly<Record<string, (index: number) => PacketSpec>> = {
  acknowledgements: (index) => ({ "tcp.flags": "A", "tcp.seq_raw": 1001, "tcp.ack_raw": 9001 + 1460 * index }),
  "acknowledgements with timestamps": (index) => ({
    "tcp.flags": "A",
    "tcp.seq_raw": 1001,
    "tcp.ack_raw": 9001 + 1460 * index,
    "tcp.options": `0101080a0000100${index}00001000`,
  }),
  segments: (index) => ({ "tcp.flags": "A", "tcp.seq_raw": 1001 + 7 * index, payload: "payload" }),
  retransmissions: () => ({ "tcp.flags": "A", "tcp.seq_raw": 1001, payload: "payload" }),
  "handshakes that nobody answers": () => ({ "tcp.seq_raw": 7 }),
  datagrams: (index) => ({ "udp.srcport": 40001, payload: "x".repeat(index) }),
};

function played(
  model: "nat" | "dr" | "tun",
  name: string,
  play: (lab: PaperLab, spec: PacketSpec, index: number) => void,
) {
  const lab = new PaperLab(model);
  if (name !== "datagrams") lab.request({ spec: { "ip.id": 99 } });
  for (let index = 0; index < PACKETS; index++) play(lab, { "ip.id": 100 + index, ...ALIKE[name]?.(index) }, index);
  return lab;
}

describe("what a capture has missed", () => {
  for (const name of Object.keys(ALIKE))
    for (const model of ["nat", "dr", "tun"] as const) {
      it(`of ${name} on the way into a director of ${model} accuses nobody`, () => {
        const lab = played(model, name, (lab, spec, index) => {
          if (index === MISSED) lab.forward(lab.requestSpec({ spec }));
          else lab.request({ spec });
        });
        for (const taps of [/^director/, /^(director|rs)/]) expect(wrongOf(lab, taps)).to.deep.equal([]);
      });
    }

  for (const name of Object.keys(ALIKE))
    it(`of ${name} accuses nobody where one of two captures ends before the other`, () => {
      const lab = played("nat", name, (lab, spec) => lab.request({ spec }));
      const ended = (captures: readonly Capture[]) =>
        captures.map((one) => (one.tap === "director/eth0" ? { ...one, frames: one.frames.slice(0, -2) } : one));
      expect(wrongOf(lab, /^director/, ended)).to.deep.equal([]);
    });

  it("is no second copy of what nothing tells from another one, as without an IP ID", () => {
    for (const name of Object.keys(ALIKE).filter((name) => !name.includes("timestamps")))
      for (const model of ["nat", "dr", "tun"] as const) {
        const lab = played(model, name, (lab, _, index) => {
          const spec = { ...ALIKE[name]?.(0), "ip.id": 0 };
          if (index === MISSED) lab.forward(lab.requestSpec({ spec }));
          else lab.request({ spec });
        });
        for (const taps of [/^director/, /^(director|rs)/]) {
          const accused = wrongOf(lab, taps).filter((one) => one.includes(" fail "));
          expect(accused, `${model}: ${name}`).to.deep.equal([]);
        }
      }
  });

  it("of acknowledgements on their way out is no question that was asked again", () => {
    const lab = played("dr", "acknowledgements", (lab, spec, index) => {
      if (index < MISSED) lab.request({ spec });
      else lab.toDirector(lab.requestSpec({ spec }));
      lab.wait(20);
    });
    lab.request({ spec: { "tcp.flags": "FA", "tcp.seq_raw": 1001, "tcp.ack_raw": 30_000, "ip.id": 200 } });
    lab.wait(20);
    expect(wrongOf(lab, /^director/)).to.deep.equal([]);
  });

  for (const protocol of ["tcp", "udp"] as const)
    it(`by the other NIC of a director makes an echo over ${protocol} no request that was sent back`, () => {
      const lab = new PaperLab("nat", { answers: "echo" });
      for (let index = 0; index < 3; index++) {
        const spec = { "ip.id": 10 + index, payload: `ping${index}` };
        if (protocol === "udp") {
          lab.request({ spec: { ...spec, "udp.srcport": 40001 } });
          lab.answer({ spec: { ...spec, "udp.srcport": 5353, "udp.dstport": 40001 } });
          continue;
        }
        const numbers = (seq: number, ack: number) => ({ "tcp.seq_raw": seq, "tcp.ack_raw": ack, "tcp.flags": "PA" });
        lab.request({ spec: { ...spec, ...numbers(1001 + 5 * index, 9001 + 5 * index) } });
        lab.answer({ spec: { ...spec, ...numbers(9001 + 5 * index, 1006 + 5 * index) } });
      }
      for (const taps of [/^director\/eth0/, /^(client|director\/eth0)/, /^(director\/eth0|rs)/])
        expect(wrongOf(lab, taps), String(taps)).to.deep.equal([]);
    });
});

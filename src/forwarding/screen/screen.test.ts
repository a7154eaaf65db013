import { expect } from "chai";
import type { Frame } from "../../packet/frame.js";
import type { Model, Setup } from "../setup.js";
import { mutants } from "../testing/mutants.js";
import { PaperLab } from "../testing/paper-lab.js";
import { exchange } from "../testing/traffic.js";
import { capturesOf, screened, talk, verdicts } from "./screened.test-support.js";

const MODELS = ["nat", "dr", "tun"] as const;
/** A connection of a kind or two is judged for all of it. */
const FEW = { packets: 1_000_000, sample: 50, others: 1_000_000 };
/** Rules about what comes one after the other, which a selection says nothing of. */
const IN_TURN = new Set(["GEN-SCH-01", "GEN-SCH-02", "TUN-ENC-08"]);
const SECOND = 1_000_000_000n;

/** Connections as they should be around other traffic: some before it, some behind it. */
function amongOthers(model: Model, frames: readonly Frame[], connections = 8): Frame[] {
  const lab = new PaperLab(model);
  for (let index = 0; index < connections; index++) talk(lab, 50_001 + index, index % 2 === 0 ? "rs1" : "rs2");
  const background = lab.evidence().frames;
  const half = background.findIndex(({ time }) => time >= (background[background.length >> 1]?.time ?? 0n));
  const later = (all: readonly Frame[], seconds: bigint) =>
    all.map((frame) => ({ ...frame, time: frame.time + seconds * SECOND }));
  return [...background.slice(0, half), ...later(frames, 10n), ...later(background.slice(half), 20n)];
}

/** A selection may lack what would prove that something did not happen: then nobody knows; but no verdict turns. */
function expectSame(setup: Setup, frames: readonly Frame[]): void {
  const captures = capturesOf(frames);
  const whole = verdicts(setup, captures);
  for (const threads of [1, 2]) {
    const { captures: selected, leftOut } = screened(setup, captures, FEW, threads);
    const some = verdicts(setup, selected);
    expect(leftOut).to.equal(0);
    expect([...some.fails, ...some.inconclusive]).to.include.members(whole.fails.filter(isKnowable));
    expect([...whole.fails, ...whole.inconclusive]).to.include.members([...some.fails]);
  }
}

function isKnowable(verdict: string): boolean {
  return !IN_TURN.has(verdict.split(" ")[0] ?? "");
}

describe("the screen", () => {
  for (const model of MODELS) {
    it(`takes a few connections of ${model} for all that are alike`, () => {
      const frames = amongOthers(model, [], 40);
      const { selection, captures } = screened(new PaperLab(model).setup, capturesOf(frames), FEW);
      const alike = selection.tallies.filter(({ reasons }) => reasons === 0);
      expect(alike.map(({ connections }) => connections)).to.deep.equal([20, 20]);
      expect(selection.tallies).to.have.length(2);
      expect(captures.flatMap((capture) => capture.frames).length).to.be.lessThan(frames.length / 8);
    });

    it(`changes no verdict about ${model} as it should be`, () => {
      for (const lab of exchange(model)) {
        const { frames, changes = [] } = lab.evidence();
        if (changes.length === 0) expectSame(lab.setup, amongOthers(model, frames));
      }
    });
  }

  describe("changes no verdict where", () => {
    for (const { rule, name, evidence } of mutants) {
      const { setup, frames, changes = [] } = evidence();
      const model = setup.services[0]?.model ?? "dr";
      const isUsual = JSON.stringify(setup) === JSON.stringify(new PaperLab(model).setup);
      // A capture has one service table.
      if (changes.length > 0) continue;
      it(`${rule} is broken: ${name}`, () => {
        expectSame(setup, isUsual ? amongOthers(model, frames) : frames);
      });
    }
  });
});

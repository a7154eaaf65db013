/** Captures as nobody would make them: whatever is in them, something is said of it, and time changes no verdict. */

import { expect } from "chai";
import fc from "fast-check";
import { decode } from "../../packet/packet.js";
import { catalogue } from "../catalogue.js";
import type { Finding } from "../rule.js";
import type { Setup } from "../setup.js";
import { PaperLab, VIP } from "../testing/paper-lab.js";
import { exchange, session } from "../testing/traffic.js";
import type { Capture, CapturedFrame } from "./capture.js";
import { capturesOf } from "./captures.test-support.js";
import { conclude } from "./conclude.js";
import { evidenceOf } from "./evidence.js";
import { inferSetup } from "./infer.js";

const MODELS = ["nat", "dr", "tun"] as const;
const PAPER = new Map(MODELS.map((model) => [model, exchange(model)]));
const SECOND = 1_000_000_000n;
const SEED = 20;

function findingsOf(setup: Setup, captures: readonly Capture[]): readonly Finding[] {
  return conclude(evidenceOf(setup, captures).evidence, catalogue).findings;
}

function verdicts(setup: Setup, captures: readonly Capture[]): string[] {
  return findingsOf(setup, captures).map(({ rule, status, suspect }) => `${rule} ${status} ${suspect}`);
}

function frameOf(bytes: Uint8Array, number: number, time: bigint): CapturedFrame {
  return { number, time, bytes, wireLength: bytes.length, packet: decode(bytes) };
}

/** Real frames, at times of all kinds, with bytes of them changed, and others that are none. */
function captureOf(pool: readonly Uint8Array[]): fc.Arbitrary<Capture> {
  const real = fc
    .tuple(fc.constantFrom(...pool), fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([bytes, at, value]) => {
      const changed = Uint8Array.from(bytes);
      changed[at % (4 * changed.length)] = value;
      return changed;
    });
  const frames = fc.array(
    fc.tuple(fc.oneof(real, fc.uint8Array({ maxLength: 80 })), fc.bigInt({ min: 0n, max: 2n ** 62n })),
    {
      maxLength: 30,
    },
  );
  const tap = fc.constantFrom("client", "router", "director", "director/eth1", "rs1", "rs2", "");
  return fc.tuple(tap, fc.nat({ max: 3 }), frames).map(([name, file, own]) => ({
    tap: name,
    file: `${file}.pcap`,
    frames: own.map(([bytes, time], index) => frameOf(bytes, index + 1, time)),
  }));
}

describe("hostile captures", () => {
  for (const model of MODELS) {
    const labs = PAPER.get(model) ?? [];
    const pool = labs.flatMap((lab) => lab.evidence().frames.map(({ bytes }) => bytes));

    it(`${model}: of any frames something is said`, () => {
      const setup = (labs[0] as PaperLab).setup;
      fc.assert(
        fc.property(fc.array(captureOf(pool), { maxLength: 5 }), (captures) => {
          expect(findingsOf(setup, captures).length).to.be.greaterThan(0);
          const inference = inferSetup({ vip: VIP }, captures);
          if (typeof inference === "string") expect(inference).to.match(/\.$/);
          else expect(inference.setup.services.length).to.be.greaterThan(0);
        }),
        { seed: SEED, numRuns: 150 },
      );
    });

    it(`${model}: no frames, and frames that are all alike, prove nothing`, () => {
      const setup = (labs[0] as PaperLab).setup;
      for (const bytes of [undefined, ...pool.filter((_, index) => index % 7 === 0)]) {
        const frames =
          bytes === undefined ? [] : Array.from({ length: 50 }, (_, index) => frameOf(bytes, index + 1, 5n));
        const captures = ["client", "director", "rs1"].map((tap) => ({ tap, file: `${tap}.pcap`, frames }));
        const { problem } = conclude(evidenceOf(setup, captures).evidence, catalogue);
        expect(problem).to.be.a("string");
      }
    });

    it(`${model}: the order of files, and clocks that drift, change no verdict`, () => {
      const lab = new PaperLab(model);
      for (let minute = 0; minute < 60; minute++) {
        session(lab, 40001 + minute, minute % 2 === 0 ? "rs1" : "rs2");
        lab.wait(60_000);
      }
      const captures = capturesOf(lab.evidence());
      const expected = verdicts(lab.setup, captures);
      expect(expected).to.include("GEN-SVC-01 pass undefined");
      const drifting = (ppm: bigint, ahead: bigint) => (capture: Capture) => ({
        ...capture,
        frames: capture.frames.map((frame) => {
          return { ...frame, time: frame.time + ahead + ((frame.time - SECOND) * ppm) / 1_000_000n };
        }),
      });
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.bigInt(-100n, 100n), fc.bigInt(-3600n, 3600n)), { minLength: 6, maxLength: 6 }),
          fc.nat({ max: 5 }),
          (clocks, turn) => {
            const skewed = captures.map((capture, index) => {
              const [ppm, ahead] = clocks[index] ?? [0n, 0n];
              return drifting(ppm, ahead * SECOND)(capture);
            });
            const turned = [...skewed.slice(turn), ...skewed.slice(0, turn)];
            expect(verdicts(lab.setup, turned)).to.deep.equal(expected);
          },
        ),
        { seed: SEED, numRuns: 5 },
      );
    });
  }
});

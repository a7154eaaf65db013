import type { Frame } from "../../packet/frame.js";
import { LINK_TYPE } from "../../packet/link.js";
import type { Capture } from "../captured/capture.js";
import { conclude } from "../captured/conclude.js";
import { evidenceOf } from "../captured/evidence.js";
import { catalogue } from "../catalogue.js";
import { groupBy } from "../group.js";
import type { Finding } from "../rule.js";
import type { Setup } from "../setup.js";
import type { PaperLab } from "../testing/paper-lab.js";
import { Endpoints } from "./endpoints.js";
import { Flows } from "./flows.js";
import type { RawFrame } from "./located.js";
import { Others } from "./others.js";
import { Screen } from "./screen.js";
import { type Budget, type Selection, select } from "./select.js";
import { Selector } from "./selector.js";

/** Frames of a lab as a capture of each tap. */
export function capturesOf(frames: readonly Frame[]): Capture[] {
  return [...groupBy(frames, ({ tap }) => tap)].map(([tap, own]) => ({
    tap,
    file: `${tap}.pcap`,
    frames: own.map(({ direction: _, ...frame }, index) => ({ ...frame, number: index + 1 })),
  }));
}

/** A frame as a reader hands it on, among other bytes. */
export function raw({ bytes, wireLength }: Pick<Frame, "bytes" | "wireLength">): RawFrame {
  const around = new Uint8Array(bytes.length + 11).fill(0xa5);
  around.set(bytes, 7);
  const source = { linkType: LINK_TYPE.ethernet };
  const captured = bytes.length;
  return { bytes: around, start: 7, captured, original: wireLength, direction: 0, source };
}

/** What is left of captures behind the screen, read by one thread or by as many as there are captures. */
export function screened(
  setup: Setup,
  captures: readonly Capture[],
  budget: Budget,
  threads = 1,
  isOfStreams = false,
): { captures: Capture[]; selection: Selection; leftOut: number } {
  const endpoints = new Endpoints(setup);
  const screens = Array.from({ length: threads }, () => new Screen(endpoints, undefined, isOfStreams));
  let leftOut = 0;
  const kept = captures.map(({ frames }, index) => {
    const screen = screens[index % threads] as Screen;
    const others = new Others(screen.located, budget.others);
    screen.beginSegment();
    const own = frames.filter((frame) => !screen.add(index, raw(frame)) && others.wants(raw(frame)));
    leftOut += others.leftOut;
    return new Set(own);
  });
  const selection = select(new Flows(screens.map((screen) => screen.seen())), endpoints, budget);
  const selector = new Selector(endpoints, selection);
  const selected = captures.map((capture, index) => {
    const frames = capture.frames.filter((frame) => kept[index]?.has(frame) || selector.wants(raw(frame)));
    const times = capture.frames.map(({ time }) => time);
    const [from = 0n, to = 0n] = [times[0], times.at(-1)];
    return { ...capture, frames, whole: { frames: capture.frames.length, from, to } };
  });
  return { captures: selected, selection, leftOut };
}

export interface Verdicts {
  readonly fails: readonly string[];
  readonly inconclusive: readonly string[];
  readonly passes: readonly string[];
}

export function verdicts(setup: Setup, captures: readonly Capture[]): Verdicts {
  const { findings } = conclude(evidenceOf(setup, captures).evidence, catalogue);
  const of = (status: Finding["status"]) =>
    [
      ...new Set(
        findings
          .filter((finding) => finding.status === status)
          .map(({ rule, suspect }) => (suspect === undefined ? rule : `${rule} ${suspect}`)),
      ),
    ].toSorted();
  return { fails: of("fail"), inconclusive: of("inconclusive"), passes: of("pass") };
}

/** A connection as it should be, with numbers of its own: those of `session` are the same in all. */
export function talk(lab: PaperLab, port: number, server: "rs1" | "rs2"): void {
  const seq = port * 7919;
  let id = (port * 31) & 0xffff;
  const ask = (flags: string, offset: number, payload = "") => {
    const numbers = { "tcp.seq_raw": seq + offset, "tcp.ack_raw": flags === "S" ? 0 : seq + 500_000 };
    lab.request({ server, port, spec: { "tcp.flags": flags, "ip.id": id++ & 0xffff, ...numbers, payload } });
  };
  const answer = (flags: string, offset: number, payload = "") => {
    const numbers = { "tcp.seq_raw": seq + 499_999 + offset, "tcp.ack_raw": seq + 1 };
    lab.answer({ server, port, spec: { "tcp.flags": flags, "ip.id": (id + 0x4000) & 0xffff, ...numbers, payload } });
  };
  ask("S", 0);
  answer("SA", 0);
  ask("PA", 1, `GET /${port} HTTP/1.0`);
  answer("PA", 1, `200 ${port}`);
  ask("FA", 20);
  answer("FA", 20);
}

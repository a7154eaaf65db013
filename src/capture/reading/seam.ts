import { open } from "node:fs/promises";
import { PIECE } from "./pieces.js";
import { Flaw, LONGEST_PACKET, type Mark, Refusal } from "./record.js";
import { RecordReader } from "./record-reader.js";

/** The longest packet, and some behind it. */
const WINDOW = 1 << 20;
/** Packets that have to follow each other for the first one to be taken for one. */
const CHAIN = 12;
/** Seconds between packets that follow each other: what is more was no time. */
const LONGEST_PAUSE = 86_400;

class Enough extends Error {}

/**
 * Looks in the middle of a file for a record that others follow. What is found is a guess, in which the packets'
 * own bytes may deceive, and so may interfaces that are described further on: who reads up to there has to arrive.
 * @returns a mark whose number is unknown, and 0; undefined where there is none, and of a file that is compressed
 */
export async function findSeam(path: string, near: number): Promise<Mark | undefined> {
  const file = await open(path).catch(() => undefined);
  // Who reads it will say why it cannot be read.
  if (file === undefined) return undefined;
  try {
    const head = Buffer.alloc(PIECE);
    const { bytesRead } = await file.read(head, 0, PIECE, 0);
    const state = stateBehind(head.subarray(0, bytesRead));
    if (state === undefined) return undefined;
    const window = Buffer.alloc(WINDOW);
    const { bytesRead: length } = await file.read(window, 0, WINDOW, near);
    for (let at = 0; at < Math.min(length, LONGEST_PACKET); at++) {
      const mark = { position: near + at, number: 0, state };
      if (isChain(window.subarray(at, length), mark)) return mark;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** What a reader knows where the first packet begins. */
function stateBehind(head: Buffer): Mark["state"] {
  const reader = new RecordReader(() => {
    throw new Enough();
  });
  try {
    reader.push(head);
  } catch (error) {
    if (error instanceof Refusal || error instanceof Flaw) return undefined;
    if (!(error instanceof Enough)) throw error;
  }
  return reader.mark.state;
}

function isChain(bytes: Buffer, mark: Mark): boolean {
  let [count, last] = [0, 0];
  const reader = new RecordReader(({ captured, seconds, source: { snapLength } }) => {
    if (captured === 0 || (snapLength > 0 && captured > snapLength)) throw new Flaw();
    if (count > 0 && Math.abs(seconds - last) > LONGEST_PAUSE) throw new Flaw();
    last = seconds;
    if (++count === CHAIN) throw new Enough();
  }, mark);
  try {
    reader.push(bytes);
  } catch (error) {
    if (error instanceof Flaw) return false;
    if (error instanceof Enough) return true;
    throw error;
  }
  return false;
}

import type { Program } from "../director/director.js";

/** What came of a director's program while a scenario ran. */
export interface Heard {
  /** How it ended; left out where it runs on. */
  readonly ended?: string;
  /** What it said meanwhile, or the end of that. */
  readonly said: string;
}

/** A director's program that ended could not be started again. */
export class NotAwake extends Error {
  override name = "NotAwake";
}

/** Starts a director's program again where it has ended. @throws NotAwake where it does not come up */
export async function awaken(program: Program): Promise<void> {
  const ended = await program.ended();
  if (ended === undefined) return;
  await program.start().catch((error: Error) => {
    throw new NotAwake(`the director ${ended}, and could not be started again: ${error.message}`);
  });
}

/** What came of a director's program since it was last asked. */
export async function hear(program: Program): Promise<Heard> {
  const ended = await program.ended();
  return { said: await program.said(), ...(ended === undefined ? {} : { ended }) };
}

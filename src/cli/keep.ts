import { once } from "node:events";
import type { Stage } from "../scenario/stage.js";

/** Keeps the labs until the user ends the run, and says how to look into them. */
export async function keepLab(stages: readonly Promise<Stage>[]): Promise<void> {
  const lines: string[] = [];
  for (const stage of stages) {
    const { lab } = await stage.catch(() => ({ lab: undefined }));
    if (lab) lines.push(...lab.entrances());
  }
  process.stderr.write(
    `\nThe lab is kept until Ctrl-C. From another terminal:\n${lines.map((line) => `  ${line}\n`).join("")}`,
  );
  const forever = setInterval(() => {}, 1 << 30);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  clearInterval(forever);
}

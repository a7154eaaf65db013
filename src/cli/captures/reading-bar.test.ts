import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const bar = fileURLToPath(new URL("./reading-bar.js", import.meta.url));
const PROGRAM = `
  import { ReadingBar } from ${JSON.stringify(bar)};
  const bar = new ReadingBar(1000, "of the captures read");
  for (const bytes of [500, 1, 499]) bar.add(bytes);
  bar[Symbol.dispose]();
  process.stdout.write("the result");`;

describe("the bar of captures read", () => {
  const command = ["--input-type=module", "--eval", PROGRAM];

  it("fills on a terminal, each percentage once, and is wiped away", () => {
    const line = [process.execPath, ...command].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const { stdout } = spawnSync("script", ["-qec", line, "/dev/null"], { encoding: "utf8" });
    const half = "█".repeat(15) + "░".repeat(15);
    expect(stdout).to.equal(
      `\r${half} 50 % of the captures read\r${"█".repeat(30)} 100 % of the captures read\r\x1b[Kthe result`,
    );
  });

  it("is nothing where nobody watches", () => {
    const { stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
    expect({ stdout, stderr }).to.deep.equal({ stdout: "the result", stderr: "" });
  });
});

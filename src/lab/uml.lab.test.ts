import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";

describe("a User-Mode Linux kernel", function () {
  this.timeout(120_000);

  it("counts the frames that its wires did not take", async () => {
    const program = fileURLToPath(new URL("./uml-dropped.test-support.js", import.meta.url));
    const { stdout } = await execa(process.execPath, [program]);
    const [before, after] = JSON.parse(stdout) as number[];
    expect(before).to.equal(0);
    expect(after).to.be.greaterThan(0);
  });
});

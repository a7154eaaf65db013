import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execaNode } from "execa";

const main = fileURLToPath(new URL("./main.js", import.meta.url));
const schema = (...args: string[]) => execaNode(main, ["schema", ...args], { reject: false, stripFinalNewline: false });

describe("hopcheck schema", function () {
  this.timeout(60_000);

  for (const name of ["scenario", "setup", "director", "results"])
    it(`prints the schema of a ${name}, and the page that stands in docs`, async () => {
      const { stdout } = await schema(name);
      expect(JSON.parse(stdout)).to.include({ $schema: "https://json-schema.org/draft/2020-12/schema" });
      const page = await schema(name, "--markdown");
      const file = fileURLToPath(new URL(`../../docs/${name}.md`, import.meta.url));
      expect(readFileSync(file, "utf8"), "write it again: npm run docs").to.equal(page.stdout);
    });

  it("knows no other file", async () => {
    const { exitCode, stderr } = await schema("lab");
    expect(exitCode).to.equal(2);
    expect(stderr).to.contain("Allowed choices are scenario, setup, director, results.");
  });
});

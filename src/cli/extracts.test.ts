import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";

const main = fileURLToPath(new URL("./main.js", import.meta.url));
const fixtures = fileURLToPath(new URL("../../fixtures/captures", import.meta.url));

describe("--extract", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-extract-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const verify = (name: string, to: string) =>
    execa(process.execPath, [main, "verify", `${name}/setup.yaml`, "--reporter", "list", "--extract", to], {
      cwd: fixtures,
      reject: false,
    });

  async function read(file: string, ...fields: string[]): Promise<string[][]> {
    const wanted = fields.flatMap((field) => ["-e", field]);
    const { stdout } = await execa("tshark", ["-r", file, "-T", "fields", ...wanted]);
    return stdout.split("\n").map((line) => line.split("\t"));
  }

  it("writes what tshark reads, with what was judged of each frame, and says where to open it", async () => {
    const { stderr, exitCode } = await verify("dr-answers-from-rip", folder);
    expect(exitCode).to.equal(1);
    expect(readdirSync(folder)).to.deep.equal(["DR-RSP-02.pcapng"]);
    const frames = await read(join(folder, "DR-RSP-02.pcapng"), "frame.interface_name", "udp.srcport", "frame.comment");
    const [, number] = /^extract: wireshark -g (\d+) \S+\/DR-RSP-02\.pcapng$/m.exec(stderr) ?? [];
    const [tap, port, comment] = frames[Number(number) - 1] ?? [];
    expect([tap, port]).to.deep.equal(["rs1", "53"]);
    expect(comment)
      .to.include("DR-RSP-02 failed\\nfield: ip.src\\nexpected: 10.0.0.10:53\\nobserved: 10.0.0.11:53")
      .and.include("frame ");
    for (const [, , each] of frames) expect(each).to.match(/^DR-RSP-02/);
  });

  it("says of a folder that cannot be written to what to do", async () => {
    const file = join(folder, "taken");
    writeFileSync(file, "");
    const { stderr, exitCode } = await verify("dr-answers-from-rip", file);
    expect(exitCode).to.equal(2);
    expect(stderr).to.include(`the packets cannot be written to ${file}: `);
    expect(stderr).to.include("Choose another folder with --extract.");
  });
});

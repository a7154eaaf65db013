import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";
import { loadDirector } from "../scenario/director-file.js";
import { loadScenario } from "../scenario/load.js";

const main = fileURLToPath(new URL("./main.js", import.meta.url));

describe("init in a project", () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "hopcheck-init-")), "2nd try of my_lb");
    mkdirSync(folder);
  });
  afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

  const init = (...args: string[]) => execa(process.execPath, [main, "init", ...args], { cwd: folder, reject: false });
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  const start = ["--start", "./my-lb --config $config"];

  it("writes what the loaders take: a director, a template to begin with, a scenario, a workflow", async () => {
    const { exitCode, stderr } = await init(...start, "--config", "conf/lb.conf.liquid", "--ready", "true", "--yes");
    expect([exitCode, stderr.split("\n")]).to.deep.equal([
      0,
      [
        "wrote hopcheck.yaml",
        "wrote conf/lb.conf.liquid",
        "wrote hopcheck/first.yaml",
        "wrote .github/workflows/hopcheck.yaml",
        "run it: hopcheck run hopcheck --director hopcheck.yaml",
      ],
    ]);
    expect(parse(read("hopcheck.yaml"))).to.deep.equal({
      name: "nd-try-of-my_lb",
      models: ["nat"],
      config: "conf/lb.conf.liquid",
      start: "./my-lb --config $config",
      ready: { command: "true" },
    });
    expect(loadDirector(join(folder, "hopcheck.yaml")).name).to.equal("nd-try-of-my_lb");
    writeFileSync(join(folder, "hopcheck.yaml"), read("hopcheck.yaml").replace("# implementation:", "implementation:"));
    expect(loadDirector(join(folder, "hopcheck.yaml")).implementation?.organization).to.equal("Example");
    const [step] = parse(read(".github/workflows/hopcheck.yaml")).jobs.forwarding.steps.slice(-1);
    expect(step.with).to.deep.equal({
      director: "hopcheck.yaml",
      "director-version": `\${{ github.sha }}`,
      scenarios: "hopcheck",
    });
  });

  for (const model of ["nat", "dr", "tun"] as const)
    it(`has a scenario for ${model}`, async () => {
      await init(...start, "--model", model);
      const { setup, covers } = loadScenario(join(folder, "hopcheck/first.yaml"));
      expect(setup.services.map((service) => service.model)).to.deep.equal([model]);
      expect(covers[0]).to.match(new RegExp(`^${model}-`, "i"));
    });

  it("leaves a template that is there as it is", async () => {
    writeFileSync(join(folder, "mine.liquid"), "mine\n");
    expect((await init(...start, "--config", "mine.liquid")).stderr).not.to.contain("mine.liquid");
    expect(read("mine.liquid")).to.equal("mine\n");
  });

  it("overwrites nothing, and writes nothing then", async () => {
    mkdirSync(join(folder, "hopcheck"));
    writeFileSync(join(folder, "hopcheck/first.yaml"), "mine\n");
    const { exitCode, stderr } = await init(...start);
    expect([exitCode, stderr]).to.deep.equal([
      2,
      "hopcheck: nothing was written: hopcheck/first.yaml is there already",
    ]);
    expect(readdirSync(folder)).to.deep.equal(["hopcheck"]);
  });

  it("needs to know what starts it, by a name that can be one, and not beside captures", async () => {
    expect((await init("--yes")).stderr).to.equal(
      "hopcheck: which command starts the load balancer? Give it with --start",
    );
    expect((await init(...start, "--name", "my lb")).stderr).to.equal(
      "hopcheck: 'my lb' cannot be the name: a letter, then up to 31 letters, digits, - or _",
    );
    const both = await init(...start, "--from-capture", "setup.yaml");
    expect([both.exitCode, both.stderr.split("\n")[0]]).to.deep.equal([
      2,
      "error: option '--from-capture <files...>' cannot be used with option '--start <command>'",
    ]);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  describe("on a terminal", () => {
    /** Answers each question when it is there; `\x04` is Ctrl+D. Returns the exit status and all that was shown. */
    async function answered(args: string, dialog: readonly (readonly [question: string, answer: string])[]) {
      const command = `'${process.execPath}' '${main}' init ${args}`;
      const script = ["--quiet", "--return", "--command", command, "/dev/null"];
      const terminal = execa("script", script, { cwd: folder, reject: false, timeout: 15_000 });
      let shown = "";
      const left = [...dialog];
      terminal.stdout.on("data", (bytes: Buffer) => {
        shown += bytes;
        const [question, answer] = left[0] ?? [];
        if (question === undefined || !shown.includes(question)) return;
        left.shift();
        terminal.stdin.write(answer);
      });
      const { exitCode } = await terminal;
      return { exitCode, shown };
    }

    it("asks for what no option tells", async () => {
      const { exitCode, shown } = await answered("--name lb", [
        ["Models it forwards by, of nat,dr,tun [nat]: ", "dr,tun\n"],
        ["Command that starts it: ", "./lb --port 80\n"],
        ["Template of its configuration (empty: it has none): ", "\n"],
        ["Command that ends with 0 when it serves (empty: at once): ", "\n"],
      ]);
      expect(exitCode, shown).to.equal(0);
      expect(parse(read("hopcheck.yaml"))).to.deep.equal({
        name: "lb",
        models: ["dr", "tun"],
        start: "./lb --port 80",
      });
      expect(existsSync(join(folder, "hopcheck/first.yaml"))).to.equal(true);
    });

    it("writes nothing where the answers end", async () => {
      const { exitCode, shown } = await answered("", [
        ["Name of the load balancer [nd-try-of-my_lb]: ", "lb\n"],
        ["Models it forwards by, of nat,dr,tun [nat]: ", "\x04"],
      ]);
      expect([exitCode, shown.trim().split("\n").at(-1)]).to.deep.equal([130, "hopcheck: nothing was written"]);
      expect(readdirSync(folder)).to.deep.equal([]);
    });
  });
});

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { parse } from "yaml";

const root = fileURLToPath(new URL("..", import.meta.url));
const example = join(root, "fixtures/examples/nftables");

interface Step {
  readonly name: string;
  readonly id?: string;
  readonly if?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly "working-directory"?: string;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

const SCENARIO = `title: A request reaches a real server, and the answer comes from the VIP
setup: nat
covers: [NAT-REQ-01, NAT-RSP-01]
steps:
  - send: { flow: a }
  - answer: { flow: a, tcp.flags: SA }
`;

/** What a job is left with when all steps of the action have run, as a runner runs them. */
interface Job {
  /** By the step's name: exit status and output of those that were run. */
  readonly steps: Readonly<Record<string, { readonly status: number | null; readonly output: string }>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

describe("the GitHub Action", function () {
  this.timeout(300_000);

  const action = parse(readFileSync(join(root, "action.yml"), "utf8")) as Action;
  let folder: string;
  let workspace: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "hopcheck action-")));
    workspace = join(folder, "a repository");
    mkdirSync(join(folder, "bin"));
    // Loading modules would change the machine that this runs on.
    writeFileSync(join(folder, "bin/modprobe"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    cpSync(example, workspace, { recursive: true });
    writeFileSync(join(workspace, "request.yaml"), SCENARIO);
    spawnSync("git", ["init", "--quiet"], { cwd: workspace });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function job(given: Readonly<Record<string, string>>): Job {
    const files = { GITHUB_STEP_SUMMARY: "summary", GITHUB_OUTPUT: "output", GITHUB_ENV: "env" };
    for (const file of Object.values(files)) writeFileSync(join(folder, file), "");
    const defaults = Object.entries(action.inputs).map(([name, input]) => [name, input.default]);
    const inputs = { ...Object.fromEntries(defaults), ...given };
    const outputs: Record<string, string> = {};
    const value = (text: string) =>
      text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression) => evaluated(expression, inputs, outputs));
    const steps: Record<string, { status: number | null; output: string }> = {};
    let failed = false;
    for (const step of action.runs.steps) {
      const condition = step.if === undefined ? `${!failed}` : value(step.if);
      if (step.run === undefined || condition !== "true") continue;
      // As the runner runs `shell: bash`, from a file.
      writeFileSync(join(folder, "step.sh"), step.run);
      const { status, stdout, stderr } = spawnSync(
        "bash",
        ["--noprofile", "--norc", "-eo", "pipefail", join(folder, "step.sh")],
        {
          cwd: join(workspace, value(step["working-directory"] ?? ".")),
          encoding: "utf8",
          env: {
            PATH: `${join(folder, "bin")}:${process.env.PATH}`,
            HOME: process.env.HOME,
            CI: "true",
            GITHUB_ACTIONS: "true",
            GITHUB_WORKSPACE: workspace,
            GITHUB_ACTION_PATH: root,
            RUNNER_TEMP: folder,
            ...Object.fromEntries(Object.entries(files).map(([name, file]) => [name, join(folder, file)])),
            ...Object.fromEntries(Object.entries(step.env ?? {}).map(([name, text]) => [name, value(text)])),
          },
        },
      );
      steps[step.name] = { status, output: stdout + stderr };
      failed ||= status !== 0;
      for (const line of readFileSync(join(folder, "output"), "utf8").split("\n").filter(Boolean)) {
        const [name = "", ...rest] = line.split("=");
        outputs[name] = rest.join("=");
      }
    }
    return { steps, outputs, summary: readFileSync(join(folder, "summary"), "utf8") };
  }

  const RUN = "Run the scenarios";
  const COMPARE = "Compare with the base branch";
  const against = { scenarios: "request.yaml", director: "director.yaml" };
  /** Every packet goes to the VIP's own port: the server's is not translated any more. */
  const breakDirector = () => {
    const template = join(workspace, "balance.nft.liquid");
    const text = readFileSync(template, "utf8");
    writeFileSync(template, text.replaceAll("{{ server.port }}", "{{ service.port }}"));
    expect(readFileSync(template, "utf8")).not.to.equal(text);
  };

  it("lets no input become code: expressions stand outside of every script", () => {
    for (const { name, run = "" } of action.runs.steps) expect(run, name).not.to.contain("${{");
  });

  it("passes a director that forwards rightly, says so in the summary, and leaves a report", () => {
    const { steps, outputs, summary } = job({ ...against, shard: "1/1", "director-version": "3f2a; $(id)" });
    expect(steps["Install hopcheck"]?.status, steps["Install hopcheck"]?.output).to.equal(0);
    expect(steps[RUN]?.status, steps[RUN]?.output).to.equal(0);
    expect(steps[RUN]?.output).not.to.match(/^::(error|warning)/m);
    expect(outputs).to.include({ verdict: "pass", artifact: "hopcheck-1-of-1" });
    expect(summary).to.match(/^## ✓ hopcheck: pass$/m);
    for (const file of ["index.html", "results.json", "junit.xml"])
      expect(readFileSync(join(outputs.report ?? "", file), "utf8")).not.to.equal("");
    const { director } = JSON.parse(readFileSync(join(outputs.report ?? "", "results.json"), "utf8"));
    expect(director.implementation.version).to.equal("3f2a; $(id)");
  });

  it("fails a pull request that breaks it, on the scenario's line, and says what broke since the base branch", () => {
    const base = job(against).outputs.report ?? "";
    breakDirector();
    const { steps, outputs, summary } = job({ ...against, base });
    expect(steps[RUN]?.status, steps[RUN]?.output).to.equal(1);
    expect(steps[RUN]?.output).to.match(/^::error file=request\.yaml,line=5,col=5,title=✗ NAT-REQ-03 failed/m);
    expect(outputs.verdict).to.equal("fail");
    expect(summary)
      .to.match(/^\| rules \|/m)
      .and.to.contain("NAT-REQ-03");
    expect(steps[COMPARE]?.status, steps[COMPARE]?.output).to.equal(1);
    expect(readFileSync(join(outputs.report ?? "", "comparison/compare.html"), "utf8")).to.contain("NAT-REQ-03");
  });

  it("compares with nothing where the base branch has no result yet", () => {
    const { steps } = job({ ...against, base: "base/results.json" });
    expect(steps[COMPARE]).to.deep.equal({
      status: 0,
      output: "::notice title=hopcheck::The base branch has no result yet; nothing is compared.\n",
    });
  });

  it("takes an input for what it is, whatever it holds", () => {
    const evil = "\"; touch pwned; $(touch pwned) `touch pwned` '";
    const { steps, outputs } = job({ ...against, scenarios: evil, artifact: `a\nverdict=pass` });
    expect(steps[RUN]?.status).to.equal(2);
    expect(steps[RUN]?.output).to.contain("touch pwned");
    expect(outputs).to.include({ verdict: "", artifact: "a-verdict-pass" });
    expect(spawnSync("find", [folder, "-name", "pwned"], { encoding: "utf8" }).stdout).to.equal("");
  });
});

/** An expression of the action, which are all JavaScript as well. */
function evaluated(
  expression: string,
  inputs: Readonly<Record<string, string>>,
  outputs: Readonly<Record<string, string>>,
): string {
  const known = { verdict: "", report: "", artifact: "", ...outputs };
  const run = new Function("inputs", "steps", "cancelled", `return ${expression}`);
  return String(run(inputs, { run: { outputs: known } }, () => false));
}

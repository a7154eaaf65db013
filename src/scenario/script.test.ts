import { expect } from "chai";
import { PaperLab } from "../forwarding/testing/paper-lab.js";
import { type Executed, execute } from "./execute.js";
import { loadScenarios } from "./script.js";
import type { Stage } from "./stage.js";
import { Workspace } from "./workspace.test-support.js";

describe("a TypeScript scenario", () => {
  const workspace = new Workspace();
  after(() => workspace.remove());
  let files = 0;

  /** Node reads a module once: each is to have a name of its own. */
  const write = (...lines: string[]) => workspace.write(`${++files}.scenario.ts`, lines.join("\n"));

  const scripted = (...body: string[]) =>
    write(
      'import { scenario } from "hopcheck";',
      'scenario({ title: "t", setup: "dr" }, async (lab) => {',
      ...body,
      "});",
    );

  async function refusal(file: string): Promise<string> {
    const outcome = await loadScenarios([file]).then(
      () => "it was accepted",
      (error: Error) => error.message,
    );
    return outcome.replaceAll(file, "FILE").replaceAll(`${workspace.folder}/`, "");
  }

  async function run(file: string, lacks: Record<string, string> = {}): Promise<Executed> {
    const [scenario] = await loadScenarios([file]);
    if (!scenario) throw new Error("no scenario");
    const { frames } = new PaperLab("dr").evidence();
    const lab = { begin() {}, frames, lost: async () => undefined, settle: async () => {}, send() {} };
    let port = 40_000;
    const traits = { name: "lb", models: ["dr"], deviations: {}, lacks };
    const rest = {
      traits,
      earlierClients: () => new Set(),
      rememberClients() {},
      nextId: () => 1,
      takePort: () => port++,
    };
    return execute(scenario, { lab, director: {}, ...rest } as unknown as Stage);
  }

  it("says at which of its steps it broke off, and that the lab did not", async () => {
    const file = scripted("await lab.step({ connect: {} });");
    const [scenario] = await loadScenarios([file]);
    expect(scenario?.position).to.deep.equal({ file, line: 2, column: 1 });
    const { problem, problemIn, problemAt } = await run(file);
    expect(problem).to.be.a("string");
    expect([problemIn, problemAt]).to.deep.equal(["step", { file, line: 3, column: 11 }]);
  });

  it("says where its syntax is wrong", async () => {
    expect(await refusal(write("", "const a: = 3;"))).to.match(/^FILE:2:10: Unexpected token `=`/);
  });

  it("says where what it imports has wrong syntax", async () => {
    workspace.write("helper.ts", "\n\n enum A {}");
    expect(await refusal(write('import "./helper.ts";'))).to.match(/^helper\.ts:3:2: TypeScript enum is not supported/);
  });

  it("says what it throws, though it be no error", async () => {
    expect(await refusal(write('throw new Error("boom");'))).to.equal("FILE:1:1: boom");
    expect(await refusal(write("throw null;"))).to.equal("FILE:1:1: null");
  });

  it("is shown where it declares what is not right", async () => {
    const declared = (what: string) =>
      refusal(write('import { scenario } from "hopcheck";', "", `scenario(${what}, async () => {});`));
    expect(await declared('{ title: "t", setup: "drr" }')).to.equal(
      "FILE:3:1: there is no setup `drr`; did you mean `dr`?",
    );
    expect(await declared('{ setup: "dr" }')).to.match(/^FILE:3:1: `title` is missing/);
    expect(await declared('{ title: "t", setup: "dr", cover: [] }')).to.equal(
      "FILE:3:1: unknown key `cover`; did you mean `covers`?",
    );
  });

  it("names the setup's own file where the mistake is there", async () => {
    workspace.write("lab.yaml", "services: []\ndirector: { interfaces: [ { ip: 10.0.0.1 } ] }\n");
    const file = write(
      'import { scenario } from "hopcheck";',
      'scenario({ title: "t", setup: "lab.yaml" }, async () => {});',
    );
    expect(await refusal(file)).to.match(/^lab\.yaml:1:11: `services` is empty/);
  });

  it("is shown at the step that is not right", async () => {
    const file = scripted(
      '  await lab.step({ send: { flow: "a" } });',
      '  await lab.step({ send: { flow: "b", ttl: 3 } });',
    );
    const { problem } = await run(file);
    expect(problem).to.equal(`${file}:4:13: unknown key \`ttl\`; did you mean \`ip.ttl\`?`);
  });

  it("reads each step in the light of those before", async () => {
    const step = (text: string) => `  await lab.step(${text});`;
    const good = scripted(step('{ send: { flow: "a" } }'), step('{ send: { flow: "a", "tcp.flags": "A" } }'));
    expect((await run(good)).problem).to.equal(undefined);
    const file = scripted(step('{ send: { flow: "a" } }'), step('{ burst: { flow: "a", count: 2 } }'));
    expect((await run(file)).problem).to.equal(
      `${file}:4:13: \`a\` is already the name of a flow; a burst opens flows of its own`,
    );
  });

  it("ends at a step that asks for what the director lacks, before the director is asked", async () => {
    const file = scripted(
      '  await lab.step({ send: { flow: "a" } });',
      '  await lab.step({ remove: { server: "rs1" } });',
      '  throw new Error("it went on");',
    );
    const { notSupported, problem } = await run(file, { "change-servers": "its table is fixed" });
    expect([notSupported, problem]).to.deep.equal(["change-servers: its table is fixed", undefined]);
  });

  it("fails by an assertion of whichever chai, and has a problem with anything else", async () => {
    const failed = await run(scripted('  throw Object.assign(new Error("1 is not 2"), { name: "AssertionError" });'));
    expect([failed.expectation, failed.problem]).to.deep.equal(["1 is not 2", undefined]);
    const crashed = await run(scripted('  throw new TypeError("boom");'));
    expect(crashed.expectation).to.equal(undefined);
    expect(crashed.problem).to.match(/: boom$/);
  });
});

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { stringify } from "yaml";
import { loadCapturedSetup, loadScenario, loadSetup } from "./load.js";
import { ScenarioError } from "./problem.js";
import { Workspace } from "./workspace.test-support.js";

const SCENARIO = `title: t
setup:
  services:
    - { vip: 10.0.0.10, port: 80, protocol: tcp, model: dr, realServers: [ { name: rs1, ip: 10.0.0.11/24 } ] }
  director: { interfaces: [ { ip: 10.0.0.1/24 } ] }
  client: { ip: 10.0.0.100, mac: "02:00:00:00:00:01" }
  hosts: { rs1: { sysctl: { net.ipv4.conf.all.arp_ignore: 0 } } }
covers: [DR-REQ-01]
steps:
  - send: &s { flow: a, to: 80/tcp, ip.id: 0x1234, tcp.options: 020405b4, payload: { size: 8 } }
  - answer: { flow: a, tcp.flags: SA, eth.dst: client }
  - ask: { who-has: vip, from: client, of: rs1 }
  - burst: *s
expect:
  - { at: rs1, direction: in, ip.ttl: 60 }
`;

/** Words that lead deeper into the loader than letters at random do. */
const WORDS = [...new Set(SCENARIO.match(/[\w.:-]+/g))];

function accepts(load: () => unknown): boolean {
  try {
    load();
    return true;
  } catch (error) {
    if (error instanceof ScenarioError && error.problems.length > 0 && /:\d+:\d+: /.test(error.message)) return false;
    throw error;
  }
}

describe("any file", () => {
  const workspace = new Workspace();
  after(() => workspace.remove());
  const loadAll = (text: string) => {
    const file = workspace.write("any.yaml", text);
    for (const load of [loadScenario, loadSetup, loadCapturedSetup]) accepts(() => load(file));
  };

  it("of any text is a scenario or a ScenarioError", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), loadAll), { numRuns: 400 });
  });

  it("of YAML-like text is a scenario or a ScenarioError", () => {
    const token = fc.constantFrom(
      ...WORDS,
      "\n",
      "\n  ",
      "\n  - ",
      ": ",
      ", ",
      "{ ",
      " }",
      "[",
      "]",
      "&a ",
      "*a",
      "<<",
      "? ",
      "|",
      "'",
      '"',
      "__proto__",
      "~",
    );
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join("")),
        loadAll,
      ),
      { numRuns: 500 },
    );
  });

  it("of any data is a scenario or a ScenarioError", () => {
    const key = fc.constantFrom(...WORDS, "__proto__", "constructor", "toString");
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.oneof(key, fc.integer(), fc.double(), fc.constant(null), fc.boolean(), fc.string()),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (data) => loadAll(stringify(data))),
      { numRuns: 500 },
    );
  });

  it("that is nearly sound is a scenario or a ScenarioError", () => {
    const place = fc.nat(SCENARIO.length);
    const insert = fc.constantFrom(
      ...WORDS,
      "",
      "\n",
      " ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "*s",
      "#",
      "0",
      "/",
      "..",
      "\u0000",
      "vip",
      "constructor",
    );
    const edits = fc.array(fc.tuple(place, fc.nat(12), insert), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(edits, (changes) => {
        let text = SCENARIO;
        for (const [at, removed, inserted] of changes) text = text.slice(0, at) + inserted + text.slice(at + removed);
        loadAll(text);
      }),
      { numRuns: 500 },
    );
  });

  it("that is sound is accepted", () => {
    const file = workspace.write("sound.yaml", SCENARIO.replace("burst: *s", "burst: { count: 3 }"));
    if (!accepts(() => loadScenario(file))) throw new Error(`refused:\n${readFileSync(file, "utf8")}`);
  });
});

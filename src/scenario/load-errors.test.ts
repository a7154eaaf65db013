import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { pcapBytes } from "../capture/pcap.js";
import { loadScenario } from "./load.js";
import { Workspace } from "./workspace.test-support.js";

/** One step, and the message without place and source line: those have tests of their own. */
const STEPS: readonly (readonly [step: string, message: string])[] = [
  ["sent: { flow: a }", "unknown step `sent`; did you mean `send`?"],
  ["send a", "a step must be a mapping, but here stands the text `send a`; write a step as `send: { flow: a }`"],
  ["send:", "`send` must be a mapping, but here stands nothing"],
  [
    "{ send: { flow: a }, forget: { host: rs1 } }",
    "a step has one key, but here stand `send` and `forget`; give each step a dash of its own",
  ],
  ["send: {}", "`flow` is missing: its name; the first step that names it takes a client port of its own"],
  ["send: { flw: a }", "unknown key `flw`; did you mean `flow`?"],
  ["send: { flow: a, ttl: 3 }", "unknown key `ttl`; did you mean `ip.ttl`?"],
  ["send: { flow: a, ip.tll: 3 }", "unknown field `ip.tll`; did you mean `ip.ttl`?"],
  ["send: { flow: a, ip.ttl: 300 }", "`ip.ttl` cannot be `300`; it is 0 to 255"],
  ["send: { flow: a, ip.ttl: ~ }", "`ip.ttl` must be text or a number or true or false, but here stands nothing"],
  ["send: { flow: a, tcp.flags: X }", "`tcp.flags` cannot be `X`; it is letters of FSRPAUEC, none, or 0x000 to 0xfff"],
  [
    "send: { flow: a, eth.dst: rs9 }",
    "`rs9` is neither a MAC address (02:00:00:00:00:01) nor a name of the setup; did you mean `rs1`?",
  ],
  [
    "send: { flow: a, icmp.type: 3, ip.proto: 3, tcp.flags: S }",
    "icmp: a packet that has tcp cannot have icmp as well",
  ],
  [
    "send: { flow: a, to: 53/udp, tcp.flags: S }",
    "`tcp.flags` in a flow to 10.0.0.10:53/udp; write `to: 53/tcp` for a flow of that protocol",
  ],
  ["send: { flow: a, to: 53/tpc }", "`53/tpc` is not a destination; write 80/tcp, 53/udp or 10.0.0.10:80/tcp"],
  ["send: { flow: a, to: 70000 }", "`70000` is not a destination; write 80/tcp, 53/udp or 10.0.0.10:80/tcp"],
  ["send: { flow: a, to: 'rs7:80' }", "`rs7` is neither an IP address nor a name of the setup; did you mean `rs1`?"],
  ["send: { flow: a, from: directr }", "unknown host `directr`; did you mean `director`?"],
  ["send: { flow: a, times: 1001 }", "`times` is 1001; at most 1000 is allowed"],
  ["send: { flow: a, payload: { size: 65001 } }", "`size` is 65001; at most 65000 is allowed"],
  [
    "send: { flow: a, payload: { hex: 0g } }",
    "`0g` is not hexadecimal; write pairs of the digits 0-9 and a-f, such as 00ff",
  ],
  ["send: { flow: a, payload: { hex: 00, size: 1 } }", "`payload` has one key, but here stand `hex` and `size`"],
  ["send: { flow: a, fragment: { size: 1001 } }", "`size` is 1001; it must be a multiple of 8"],
  ["send: { flow: a, icmp.type: 3, quote: b }", "there is no flow `b` to quote: no `send` before this step named it"],
  ["send: { flow: 1st }", "`1st` is not a name (a letter, then up to 31 letters, digits, - or _)"],
  ["answer: { flow: a }", "there is no flow `a` to answer: no `send` before this step named it"],
  [
    "ask: { who-has: vpi, from: rs1, of: rs2 }",
    "`vpi` is neither an IP address nor a name of the setup; did you mean `vip`?",
  ],
  ["ask: { who-has: vip, from: rs1, of: rs2, as: brodcast }", "`as` cannot be `brodcast`; did you mean `broadcast`?"],
  ["ask: { who-has: vip, from: client, of: rs2 }", "`client` shares no segment with `rs2`; ARP does not pass a router"],
  ["ask: { who-has: vip, from: rs2, of: rs2 }", "`rs2` cannot ask itself"],
  ["resign: { host: director }", "`director` has no VIPs to give up to another one; name one of two directors"],
  ["resign: { host: rs1 }", "`rs1` has no VIPs to give up to another one; name one of two directors"],
  ["bounce: { host: rs9 }", "unknown host `rs9`; did you mean `rs1`?"],
  ["forwarding: { host: directr, on: false }", "unknown host `directr`; did you mean `director`?"],
  ["forwarding: { host: director, on: off }", "`on` must be true or false, but here stands the text `off`"],
  ["await: { at: rs9, direction: in, arp.opcode: 2 }", "unknown tap `rs9`; did you mean `rs1`?"],
  ["await: { at: rs1, direction: in, arp.opcod: 2 }", "unknown field `arp.opcod`; did you mean `arp.opcode`?"],
  ["connect: { to: 53/udp }", "`connect` speaks tcp, not udp; use `datagram`"],
  ["datagram: { to: 80/tcp }", "`datagram` speaks udp, not tcp; use `connect`"],
  [
    "connect: { payload: { hex: ff } }",
    "this payload is sent as text and must be UTF-8; use `send` for arbitrary bytes",
  ],
  ["burst: { count: 20001 }", "`count` is 20001; at most 20000 is allowed"],
  ["weight: { server: client, weight: 0 }", "a real server is wanted here, not `client` (known: `rs1`, `rs2`, `rs3`)"],
  ["weight: { server: rs4, weight: 0 }", "unknown real server `rs4`; did you mean `rs1`?"],
  ["add: { server: rs1 }", "`rs1` is in its services; `add` puts back what `remove` took out"],
  ["replay: { file: /etc/passwd }", "`/etc/passwd` must be a path relative to this file, with / between folders"],
  ["replay: { file: ../../../etc/passwd }", "`../../../etc/passwd` leads out of the project"],
  ["replay: { file: none.pcap }", "there is no file `none.pcap` (relative to this file)"],
  ["replay: { file: ng.pcap }", "`ng.pcap` is a pcapng file; convert it: editcap -F pcap IN OUT"],
  ["replay: { file: case.yaml }", "`case.yaml` is no classic pcap file"],
  ["replay: { file: nano.pcap }", "`nano.pcap` is a capture with nanosecond times; convert it: editcap -F pcap IN OUT"],
  ["replay: { file: cut.pcap }", "`cut.pcap` is cut off behind frame 0"],
  ["replay: { file: link.pcap }", "`link.pcap` leads out of the project"],
  ["replay: { file: folder }", "`folder` is not a file"],
];

const ASSERTIONS: readonly (readonly [assertion: string, message: string])[] = [
  [
    "{ at: director, direction: in, ip.ttl: 6 }",
    "`director` has 2 NICs; say which: `director/eth0` (10.0.0.1) or `director/eth1` (192.168.10.1)",
  ],
  ["{ at: rs4, direction: in, ip.ttl: 6 }", "unknown tap `rs4`; did you mean `rs1`?"],
  ["{ at: rs1, direction: in }", "no header field is named; say which frames, such as `ip.ttl: 60`"],
  ["{ at: rs1, direction: inn, ip.ttl: 6 }", "`direction` cannot be `inn`; did you mean `in`?"],
  ["{ at: rs1, direction: in, ip.ttl: 6, count: 0 }", "`count` is 0; it must be at least 1"],
  ["{ at: rs1, direction: in, ip.ttl#2: x }", "`ip.ttl` cannot be `x`; it is 0 to 255"],
];

/** Files that are wrong as YAML or as a whole; here the message is whole. */
const FILES: readonly (readonly [name: string, text: string, message: string])[] = [
  [
    "nothing",
    "",
    "case.yaml:1:1: the file must be a mapping, but here stands nothing: the file is empty\n    1 | \n      | ^",
  ],
  [
    "a misspelt key, once",
    "titel: x\nsetup: nat\nsteps: [ { forget: { host: rs1 } } ]\n",
    "case.yaml:1:1: unknown key `titel`; did you mean `title`?\n    1 | titel: x\n      | ^^^^^",
  ],
  [
    "a setup that does not exist",
    "title: x\nsetup: natt\nsteps: [ { forget: { host: rs1 } } ]\n",
    "case.yaml:2:8: there is no setup `natt`; did you mean `nat`?\n    2 | setup: natt\n      |        ^^^^",
  ],
  [
    "rules that are none, or stand twice",
    "title: x\nsetup: nat\ncovers: [NAT-REQ-01, NAT-REQ-01]\nsteps: [ { forget: { host: rs9 } } ]\n",
    "case.yaml:3:22: `NAT-REQ-01` stands twice in `covers`\n    3 | covers: [NAT-REQ-01, NAT-REQ-01]\n      |                      ^^^^^^^^^^\n" +
      "case.yaml:4:28: unknown host `rs9`; did you mean `rs1`?\n    4 | steps: [ { forget: { host: rs9 } } ]\n      |                            ^^^",
  ],
  [
    "a rule ID that is none",
    "title: x\nsetup: nat\ncovers: [nat-1]\nsteps: []\n",
    "case.yaml:3:10: `nat-1` is not a rule ID, such as NAT-REQ-01\n    3 | covers: [nat-1]\n      |          ^^^^^\n" +
      "case.yaml:4:8: `steps` is empty; it says: what happens, in order\n    4 | steps: []\n      |        ^^",
  ],
  [
    "a tab",
    "title: x\n\tsetup: nat\n",
    "case.yaml:2:1: a tab indents this line; YAML wants spaces\n    2 |  setup: nat\n      | ^",
  ],
  [
    "a key twice",
    "title: x\ntitle: y\n",
    "case.yaml:2:1: `title` stands twice in this mapping; remove one\n    2 | title: y\n      | ^^^^^",
  ],
  ["a key that is a list", "? [a]\n: 2\n", "case.yaml:1:3: a key must be a plain word\n    1 | ? [a]\n      |   ^^^"],
  [
    "an open bracket",
    "title: x\nsetup: {\n",
    "case.yaml:3:1: the file ends here, but a `{`, `[` or quote that was opened before is not closed\n    3 | \n      | ^",
  ],
  [
    "a tag",
    "title: !x y\n",
    "case.yaml:1:8: tags (`!name`) mean nothing in a scenario; text that begins with ! needs quotes\n    1 | title: !x y\n      |        ^^",
  ],
  [
    "an alias of nothing",
    "title: *x\n",
    "case.yaml:1:8: this alias has no anchor (`&name`) before it; text that begins with * needs quotes\n    1 | title: *x\n      |        ^^",
  ],
  [
    "YAML 1.1, where 02:00:00 is a number",
    "%YAML 1.1\n---\ntitle: x\n",
    "case.yaml:1:1: a scenario is YAML 1.2, and numbers mean something else in 1.1; remove the %YAML line\n    1 | %YAML 1.1\n      | ^",
  ],
  [
    "a second document",
    "title: x\n---\ntitle: y\n",
    "case.yaml:2:1: a second document (`---`) begins here; a scenario is a file of its own\n    2 | ---\n      | ^^^",
  ],
];

describe("scenario errors", () => {
  const workspace = new Workspace();
  before(() => {
    workspace.write("ng.pcap", Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a));
    workspace.write("nano.pcap", Uint8Array.of(0x4d, 0x3c, 0xb2, 0xa1));
    workspace.write("cut.pcap", pcapBytes([new Uint8Array(60)]).subarray(0, -1));
    symlinkSync("/etc/passwd", join(workspace.folder, "link.pcap"));
    mkdirSync(join(workspace.folder, "folder"));
  });
  after(() => workspace.remove());
  const messageOf = (text: string) =>
    workspace
      .refusal(text)
      .replace(/^[^ ]* /, "")
      .split("\n    ")[0];

  for (const [step, message] of STEPS) {
    it(`step  ${step}`, () => {
      expect(messageOf(`title: t\nsetup: nat\nsteps:\n  - ${step}\n`)).to.equal(message);
    });
  }

  for (const [assertion, message] of ASSERTIONS) {
    it(`assertion  ${assertion}`, () => {
      const head = "title: t\nsetup: nat\nsteps:\n  - send: { flow: a }\n";
      expect(messageOf(`${head}expect:\n  - ${assertion}\n`)).to.equal(message);
    });
  }

  for (const [name, text, message] of FILES) {
    it(name, () => expect(workspace.refusal(text)).to.equal(message));
  }

  it("names every problem, in the order of the file", () => {
    const text = "title: t\nsetup: nat\nsteps:\n  - forget: { host: rs8 }\n  - forget: { host: routr }\n";
    expect(workspace.refusal(text)).to.equal(
      "case.yaml:4:21: unknown host `rs8`; did you mean `rs1`?\n    4 |   - forget: { host: rs8 }\n      |                     ^^^\n" +
        "case.yaml:5:21: unknown host `routr`; did you mean `router`?\n    5 |   - forget: { host: routr }\n      |                     ^^^^^",
    );
  });

  it("refuses another weight for a real server that is out of its services", () => {
    const steps = ["remove: { server: rs1 }", "weight: { server: rs1, weight: 2 }"];
    const text = `title: t\nsetup: nat\nsteps:\n${steps.map((step) => `  - ${step}\n`).join("")}`;
    expect(messageOf(text)).to.equal("`rs1` has been removed; put it back with `add` first");
    expect(() => workspace.scenario(text.replace("  - weight", "  - add: { server: rs1 }\n  - weight"))).not.to.throw();
  });

  it("names the setup file where the mistake is there", () => {
    workspace.write("lab.yaml", "services: []\ndirector: { interfaces: [ { ip: 10.0.0.1 } ] }\n");
    expect(workspace.refusal("title: t\nsetup: lab.yaml\nsteps: [ { forget: { host: rs1 } } ]\n")).to.equal(
      "lab.yaml:1:11: `services` is empty; it says: the virtual services that the director balances\n    1 | services: []\n      |           ^^",
    );
  });

  it("says how to name a setup beside the scenario", () => {
    expect(messageOf("title: t\nsetup: lab\nsteps: [ { forget: { host: rs1 } } ]\n")).to.equal(
      "there is no setup `lab`; for the file beside this one write `lab.yaml`",
    );
  });

  it("shows a part of a long line, and no control characters", () => {
    const message = workspace.refusal(`title: t\nsetup: nat\nsteps: [ ${" ".repeat(200)}{ "fo\u009brget": {} } ]\n`);
    const [head, line, carets] = message.split("\n");
    expect(head).to.equal("case.yaml:3:212: unknown step `fo�rget`; did you mean `forget`?");
    expect(line?.length).to.be.below(140);
    expect(line?.slice(carets?.indexOf("^"), (carets?.lastIndexOf("^") ?? 0) + 1)).to.equal('"fo�rget"');
  });

  it("follows no flood of aliases", () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `a${i}: &a${i} [${Array(9).fill(i === 0 ? "x" : `*a${i - 1}`)}]\n`,
    );
    expect(messageOf(levels.join(""))).to.equal(
      "aliases (`*name`) multiply or refer to themselves; at most 100 are followed, write the values out",
    );
  });

  it("survives deep nesting and huge files", () => {
    expect(messageOf("[".repeat(100_000))).to.equal("mappings and lists are nested too deeply to be a scenario");
    expect(messageOf("x".repeat(2 ** 20 + 1))).to.equal("the file has 1048577 characters; at most 1048576 are read");
  });

  it("says what cannot be read", () => {
    const load = (name: string) => workspace.messageOf(() => loadScenario(join(workspace.folder, name)));
    expect(load("none.yaml")).to.equal("none.yaml:1:1: there is no such file");
    expect(load("folder")).to.equal("folder:1:1: this is a folder, not a YAML file");
  });
});

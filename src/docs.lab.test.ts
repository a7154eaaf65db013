import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";

const root = fileURLToPath(new URL("..", import.meta.url));
const docs = join(root, "docs");

/** What a page has a reader do, in its order. */
type Step =
  | { readonly file: string; readonly text: string }
  | { readonly copy: string }
  | { readonly command: string; readonly exit: number; readonly shown: readonly string[] };

/**
 * Files stand in fences with their name behind the language; commands in fences of `console`, each with the lines that it
 * prints, and before it a comment with its exit status.
 */
function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  let exit: number | undefined;
  const pattern = /^<!-- exit (\d+) -->$|^<!-- copy (\S+) -->$|^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm;
  for (const [, status, copy, language, name, text = ""] of page.matchAll(pattern)) {
    if (status !== undefined) exit = Number(status);
    else if (copy !== undefined) steps.push({ copy });
    else if (name !== undefined) steps.push({ file: name, text });
    else if (language === "console") {
      for (const block of text.split(/^\$ /m).slice(1)) {
        const [command = "", ...shown] = block.trimEnd().split("\n");
        if (exit === undefined) throw new Error(`no exit status stands before: ${command}`);
        steps.push({ command, exit, shown: shown.filter((line) => line.trim() !== "") });
      }
      exit = undefined;
    }
  }
  return steps;
}

describe("the documentation", function () {
  this.timeout(300_000);

  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-docs-"));
    mkdirSync(join(folder, "bin"));
    const start = `#!/bin/sh\nexec ${process.execPath} ${join(root, "dist/cli/main.js")} "$@"\n`;
    writeFileSync(join(folder, "bin/hopcheck"), start, { mode: 0o755 });
    path = [join(folder, "bin"), process.env.PATH].join(delimiter);
    mkdirSync(join(folder, "work"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const name of readdirSync(docs).filter((name) => name.endsWith(".md"))) {
    const page = readFileSync(join(docs, name), "utf8");

    it(`leads nowhere that is not there: ${name}`, () => {
      for (const [, target = ""] of page.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g))
        expect(existsSync(join(docs, target)), target).to.equal(true);
    });

    const steps = stepsOf(page);
    if (!steps.some((step) => "command" in step)) continue;

    it(`shows what happens: ${name}`, async () => {
      const cwd = join(folder, "work");
      for (const step of steps) {
        if ("copy" in step) cpSync(join(root, step.copy), cwd, { recursive: true });
        else if ("file" in step) writeFileSync(join(cwd, step.file), step.text);
        else {
          const { exitCode, all } = await execa("sh", ["-c", step.command], {
            cwd,
            env: { PATH: path },
            reject: false,
            all: true,
          });
          expect(exitCode, `${step.command}\n${all}`).to.equal(step.exit);
          const printed = all.split("\n").map((line) => line.trimEnd());
          for (const line of step.shown) expect(printed, step.command).to.include(line);
        }
      }
    });
  }
});

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

/**
 * The arrows of the house: what a folder of src may import besides itself; `folder/file` is that one file alone.
 * The files at the top of src (bench, this one) may import everything, and nobody imports them.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  packet: [],
  capture: ["packet"],
  forwarding: ["packet"],
  lab: ["packet", "capture", "forwarding/setup"],
  director: ["packet", "capture", "forwarding", "lab"],
  scenario: ["packet", "capture", "forwarding", "lab", "director"],
  report: ["packet", "forwarding"],
  recordings: ["packet", "capture", "forwarding", "scenario"],
  cli: ["packet", "capture", "forwarding", "lab", "director", "scenario", "report"],
};

interface Import {
  /** Relative to src, as is `target`. */
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
  /** Without its extension. */
  readonly target: string;
}

const src = join(dirname(fileURLToPath(import.meta.url)), "../src");

describe("the house", () => {
  const files = sourceFiles(src);
  const imports = files.flatMap((file) => importsOf(file, readFileSync(join(src, file), "utf8")));

  it("has arrows that run downward only", () => {
    expect(violations(imports)).to.deep.equal([]);
  });

  it("has no folders that import each other in a circle", () => {
    expect(folderCycle(imports)).to.equal(undefined);
  });

  it("holds in src only what the compiler carries into dist", () => {
    const imported = new Set(imports.map(({ target }) => target));
    const left = allFiles(src).filter((file) => {
      if (/\.tsx?$/.test(file) || file === "setup.mjs") return false;
      return !(file.endsWith(".json") && imported.has(file.replace(/\.json$/, "")));
    });
    expect(left).to.deep.equal([]);
  });
});

describe("the check of the arrows", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "hopcheck-boundaries-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function check(tree: Readonly<Record<string, string>>): Import[] {
    for (const [file, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    return sourceFiles(root).flatMap((file) => importsOf(file, readFileSync(join(root, file), "utf8")));
  }

  it("is silent about an arrow that is allowed", () => {
    const imports = check({
      "capture/tap.ts": 'import type { Frame } from "../packet/frame.js";\nimport { open } from "./open.js";\n',
      "lab/lab.ts": 'import type { Setup } from "../forwarding/setup.js";\nimport { execa } from "execa";\n',
      "bench.ts": 'import { judge } from "./forwarding/judge.js";\n',
    });
    expect(imports).to.have.length(4);
    expect(violations(imports)).to.deep.equal([]);
  });

  it("names file, line, import and what is allowed", () => {
    const imports = check({
      "packet/ip.ts": '\nimport {\n  a,\n  b,\n} from "../lab/lab.js";\n',
      "report/html.tsx": 'export type { Lab } from "../lab/lab.js";\n',
    });
    expect(violations(imports)).to.deep.equal([
      'src/packet/ip.ts:2 imports "../lab/lab.js": packet may import nothing of ours',
      'src/report/html.tsx:1 imports "../lab/lab.js": report may import packet, forwarding',
    ]);
  });

  it("allows one file without allowing its folder", () => {
    const imports = check({ "lab/lab.ts": 'import { judge } from "../forwarding/judge.js";\n' });
    expect(violations(imports)).to.deep.equal([
      'src/lab/lab.ts:1 imports "../forwarding/judge.js": lab may import packet, capture, forwarding/setup',
    ]);
  });

  it("sees imports for their effects, dynamic ones, those of types in place and re-exports", () => {
    const imports = check({
      "packet/a.ts": 'import "../cli/a.js";\nconst b = await import("../cli/b.js");\n',
      "packet/b.ts": 'let c: import("../cli/c.js").C;\nexport * from "../cli/d.js";\n',
      "packet/c.ts": 'import data from "../cli/e.json" with { type: "json" };\n',
    });
    expect(imports.map(({ target }) => target)).to.deep.equal(["cli/a", "cli/b", "cli/c", "cli/d", "cli/e"]);
    expect(violations(imports)).to.have.length(5);
  });

  it("takes exported constants and comments for what they are", () => {
    const imports = check({
      "packet/a.ts": 'export const from = "../cli/a.js";\n// import { b } from "../cli/b.js";\n',
    });
    expect(imports).to.deep.equal([]);
  });

  it("refuses imports of the files at the top of src, and folders that nobody planned", () => {
    const imports = check({
      "cli/main.ts": 'import "../bench.js";\n',
      "util/all.ts": 'import "../packet/ip.js";\n',
      "cli/run.ts": 'import "../util/all.js";\n',
    });
    expect(violations(imports)).to.deep.equal([
      'src/cli/main.ts:1 imports "../bench.js": nobody may import a file at the top of src',
      'src/cli/run.ts:1 imports "../util/all.js": ' +
        "cli may import packet, capture, forwarding, lab, director, scenario, report",
      'src/util/all.ts:1 imports "../packet/ip.js": util is no folder of the house',
    ]);
  });

  it("finds folders that import each other in a circle, with the imports that make it", () => {
    const imports = check({
      "packet/a.ts": 'import "../capture/b.js";\n',
      "capture/b.ts": 'import "../lab/c.js";\n',
      "lab/c.ts": 'import "../packet/a.js";\n',
    });
    expect(folderCycle(imports)).to.equal(
      "capture → lab (src/capture/b.ts:1), lab → packet (src/lab/c.ts:1), packet → capture (src/packet/a.ts:1)",
    );
  });
});

function allFiles(root: string): string[] {
  const entries = readdirSync(root, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();
}

function sourceFiles(root: string): string[] {
  return allFiles(root).filter((file) => /\.tsx?$/.test(file));
}

/**
 * The imports of our own files. Static ones start their line, which the formatter sees to; this keeps made-up sources
 * in comments and strings out without a parser.
 */
function importsOf(file: string, text: string): Import[] {
  const statement =
    /^(?:import|export)\b[^;"'`=()]*?\bfrom\s*["'](?<from>[^"'\n]+)["']|^import\s*["'](?<effect>[^"'\n]+)["']/;
  const call = /(?<!\/\/.*)\bimport\(\s*["'](?<call>[^"'\n]+)["']/;
  const found: Import[] = [];
  for (const match of text.matchAll(new RegExp(`${statement.source}|${call.source}`, "gm"))) {
    const specifier = match.groups?.from ?? match.groups?.effect ?? match.groups?.call ?? "";
    if (!specifier.startsWith(".")) continue;
    const line = text.slice(0, match.index).split("\n").length;
    const target = posix.join(posix.dirname(file), specifier).replace(/\.\w+$/, "");
    found.push({ file, line, specifier, target });
  }
  return found;
}

/** The folder of src that a file is in; undefined for files at the top. */
function folderOf(path: string): string | undefined {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined;
}

function violations(imports: readonly Import[]): string[] {
  const found: string[] = [];
  for (const { file, line, specifier, target } of imports) {
    const from = folderOf(file);
    if (from === undefined || from === folderOf(target)) continue;
    const why = refusal(from, target);
    if (why !== undefined) found.push(`src/${file}:${line} imports "${specifier}": ${why}`);
  }
  return found;
}

function refusal(from: string, target: string): string | undefined {
  const allowed = ARROWS[from];
  if (allowed === undefined) return `${from} is no folder of the house`;
  const to = folderOf(target);
  if (to === undefined) return "nobody may import a file at the top of src";
  if (allowed.includes(to) || allowed.includes(target)) return undefined;
  return allowed.length === 0 ? `${from} may import nothing of ours` : `${from} may import ${allowed.join(", ")}`;
}

/** A circle of folders, each arrow with the import that makes it; undefined where there is none. */
function folderCycle(imports: readonly Import[]): string | undefined {
  const arrows = new Map<string, Map<string, Import>>();
  for (const one of imports) {
    const from = folderOf(one.file);
    const to = folderOf(one.target);
    if (from === undefined || to === undefined || from === to) continue;
    if (!arrows.has(from)) arrows.set(from, new Map());
    if (!arrows.get(from)?.has(to)) arrows.get(from)?.set(to, one);
  }

  const done = new Set<string>();
  function visit(folder: string, path: readonly string[]): string | undefined {
    if (path.includes(folder)) {
      const circle = [...path.slice(path.indexOf(folder)), folder];
      const steps = circle.slice(1).map((to, index) => {
        const from = circle[index] ?? "";
        const one = arrows.get(from)?.get(to);
        return `${from} → ${to} (src/${one?.file}:${one?.line})`;
      });
      return steps.join(", ");
    }
    if (done.has(folder)) return undefined;
    for (const to of arrows.get(folder)?.keys() ?? []) {
      const circle = visit(to, [...path, folder]);
      if (circle !== undefined) return circle;
    }
    done.add(folder);
    return undefined;
  }

  for (const folder of arrows.keys()) {
    const circle = visit(folder, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

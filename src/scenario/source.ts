import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node as YamlNode,
} from "yaml";
import { type Problem, ScenarioError } from "./problem.js";
import type { Position } from "./scenario.js";
import { quoted } from "./suggest.js";
import { yamlMessage } from "./yaml-errors.js";

export type Path = readonly (string | number)[];

const LARGEST_FILE = 1 << 20;
/** Enough for hand-written anchors; a nest of them ("billion laughs") goes far beyond. */
const MOST_ALIASES = 100;

/** One slip makes the YAML parser stumble over all that follows: the first errors are the true ones. */
const SHOWN_ERRORS = 3;

/** A file that is wrong from end to end must not cost more time than a sound one. */
const MOST_PROBLEMS = 1000;
const SHOWN_BEHIND = 240;

/** Offsets of the first character and of the one behind the last. */
type Span = readonly [start: number, end: number, ...unknown: number[]];

/** What the library calls a pair, as far as it is used here. */
interface Pair {
  readonly key: unknown;
  readonly value: unknown;
}

/** A YAML file whose values know where they stand. Collects what is wrong with them. */
export class Source {
  readonly file: string;
  readonly problems: Problem[] = [];
  /** The file's content as plain JavaScript values; undefined where it is not sound YAML. */
  readonly data: unknown;
  readonly #text: string;
  readonly #lines = new LineCounter();
  #document: Document.Parsed | undefined;
  readonly #pairs = new Map<YamlNode, ReadonlyMap<string, Pair>>();
  readonly #targets = new Map<Alias, YamlNode>();

  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text.startsWith("\uFEFF") ? text.slice(1) : text;
    this.data = this.#parse();
  }

  /** The top of the file. */
  get root(): Place {
    return new Place(this, []);
  }

  /** Throws what has been noted so far, if anything. */
  throwProblems(): void {
    if (this.problems.length > 0) throw new ScenarioError(this.problems);
  }

  /** Notes a problem with the value at a path, or with the nearest thing around it that exists. */
  complain(path: Path, message: string, part: "value" | "key" = "value"): void {
    this.#complainAt(this.#rangeOf(path, part), message);
  }

  positionOf(path: Path): Position {
    const [start] = this.#rangeOf(path, "value");
    return this.#position(start);
  }

  /** A scalar as its author wrote it: `0x1234` stays that, and `0204` keeps its zero. */
  writtenAt(path: Path): string | undefined {
    const node = this.#nodeAt(path);
    if (!isScalar(node)) return undefined;
    return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
  }

  #parse(): unknown {
    if (this.#text.length > LARGEST_FILE) {
      this.#complainAt([0, 1], `the file has ${this.#text.length} characters; at most ${LARGEST_FILE} are read`);
      return undefined;
    }
    try {
      // uniqueKeys compares every key with every other one; #inspect does the same with a set.
      const document = parseDocument(this.#text, {
        version: "1.2",
        schema: "core",
        lineCounter: this.#lines,
        prettyErrors: false,
        uniqueKeys: false,
      });
      this.#document = document;
      const errors = [...document.errors, ...document.warnings];
      if (errors.some(({ code }) => code === "RESOURCE_EXHAUSTION")) throw new RangeError("nested too deeply");
      for (const error of errors.slice(0, SHOWN_ERRORS)) {
        const atEnd = error.pos[0] >= this.#text.trimEnd().length;
        this.#complainAt(error.pos, yamlMessage(error.code, error.message, atEnd));
      }
      const { version, explicit } = document.directives.yaml;
      if (explicit === true && version !== "1.2") {
        this.#complainAt(
          [0, 1],
          `a scenario is YAML 1.2, and numbers mean something else in ${version}; remove the %YAML line`,
        );
      }
      if (this.problems.length > 0) return undefined;
      this.#inspect(document.contents, new Map());
      return this.problems.length > 0 ? undefined : document.toJS({ maxAliasCount: MOST_ALIASES });
    } catch (error) {
      // The library throws on two things only: aliases that multiply, and nesting deeper than the stack.
      const aliases = error instanceof ReferenceError;
      const what = aliases
        ? `aliases (\`*name\`) multiply or refer to themselves; at most ${MOST_ALIASES} are followed, write the values out`
        : "mappings and lists are nested too deeply to be a scenario";
      this.#complainAt([0, 1], what);
      return undefined;
    }
  }

  /** Notes keys that are none or stand twice, and aliases of nothing; remembers where each key stands. */
  #inspect(node: YamlNode | null, anchors: Map<string, YamlNode>): void {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) this.#complainAt(node.range ?? [0, 1], yamlMessage("BAD_ALIAS", "", false));
      else this.#targets.set(node, target);
      return;
    }
    if (node === null) return;
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isSeq(node)) for (const item of node.items) this.#inspect(item as YamlNode | null, anchors);
    if (!isMap(node)) return;
    const pairs = new Map<string, Pair>();
    for (const pair of node.items as Pair[]) {
      const { key, value } = pair;
      const range = (key as YamlNode | null)?.range ?? node.range ?? [0, 1];
      if (!isScalar(key) || key.value === null) this.#complainAt(range, "a key must be a plain word");
      else if (pairs.has(String(key.value))) {
        this.#complainAt(range, `${quoted(key.value)} stands twice in this mapping; remove one`);
      } else pairs.set(String(key.value), pair);
      this.#inspect(value as YamlNode | null, anchors);
    }
    this.#pairs.set(node, pairs);
  }

  #nodeAt(path: Path): YamlNode | undefined {
    let node = this.#resolved(this.#document?.contents);
    for (const segment of path) node = this.#resolved(this.#child(node, segment)?.value);
    return node;
  }

  #resolved(node: unknown): YamlNode | undefined {
    if (isAlias(node)) return this.#targets.get(node);
    return (node ?? undefined) as YamlNode | undefined;
  }

  #child(node: YamlNode | undefined, segment: string | number): Pair | undefined {
    if (node === undefined) return undefined;
    if (!isSeq(node)) return this.#pairs.get(node)?.get(String(segment));
    const index = Number(segment);
    return index < node.items.length ? { key: null, value: node.items[index] } : undefined;
  }

  #rangeOf(path: Path, part: "value" | "key"): [number, number] {
    let node = this.#resolved(this.#document?.contents);
    let range = rangeOfNode(node);
    for (const [depth, segment] of path.entries()) {
      const pair = this.#child(node, segment);
      if (pair === undefined) break;
      const last = depth === path.length - 1;
      const key = rangeOfNode(pair.key as YamlNode | null);
      const value = rangeOfNode(pair.value as YamlNode | null);
      // An empty value has no characters of its own: its key is what the author sees.
      const empty = value === undefined || value[0] === value[1];
      range = (last && part === "key") || empty ? (key ?? value ?? range) : value;
      node = this.#resolved(pair.value);
    }
    return range ?? [0, 1];
  }

  #complainAt([start, end]: Span, message: string): void {
    const position = this.#position(start);
    if (this.problems.length >= MOST_PROBLEMS) return;
    const lineStart = start - (position.column - 1);
    const behind = this.#text.slice(start, start + SHOWN_BEHIND).search(/[\r\n]/);
    const line = this.#text.slice(lineStart, start + (behind < 0 ? SHOWN_BEHIND : behind));
    const width = Math.max(1, Math.min(end, lineStart + line.length) - start);
    this.problems.push({ position, message, line, width });
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** One value of a file, by its path. */
export class Place {
  readonly source: Source;
  readonly path: Path;

  constructor(source: Source, path: Path) {
    this.source = source;
    this.path = path;
  }

  at(...segments: Path): Place {
    return new Place(this.source, [...this.path, ...segments]);
  }

  /** Notes a problem and marks the value. */
  complain(message: string): void {
    this.source.complain(this.path, message);
  }

  /** Notes a problem and marks the key that the value stands behind. */
  complainOfKey(message: string): void {
    this.source.complain(this.path, message, "key");
  }

  get position(): Position {
    return this.source.positionOf(this.path);
  }

  /** The scalar as its author wrote it. */
  get written(): string | undefined {
    return this.source.writtenAt(this.path);
  }
}

function rangeOfNode(node: YamlNode | undefined | null): [number, number] | undefined {
  const range = node?.range;
  if (!range) return undefined;
  // A block mapping ends where the next thing begins: only its first key is worth marking.
  const first = isMap(node) && node.flow !== true ? (node.items[0]?.key as YamlNode | undefined)?.range : undefined;
  return first ? [first[0], first[1]] : [range[0], range[1]];
}

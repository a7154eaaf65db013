import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { InvalidArgumentError } from "commander";
import type { Model } from "../forwarding/setup.js";
import { CliError, STATUS } from "./error.js";
import {
  DIRECTOR_FILE,
  directorText,
  type Project,
  SCENARIO_FILE,
  scenarioText,
  TEMPLATE,
  WORKFLOW,
  WORKFLOW_FILE,
} from "./init-texts.js";
import { writeFile } from "./paths.js";
import { models } from "./run-options.js";

export interface ProjectOptions {
  readonly name?: string;
  readonly model?: readonly Model[];
  readonly start?: string;
  readonly config?: string;
  readonly ready?: string;
  /** Nothing is asked. */
  readonly yes: boolean;
}

/** Makes hopcheck a part of the project in this folder; returns the exit status. Nothing is written where anything is there. */
export async function initProject(options: ProjectOptions): Promise<number> {
  const taken = [DIRECTOR_FILE, SCENARIO_FILE, WORKFLOW_FILE].filter((file) => existsSync(file));
  if (taken.length > 0)
    throw new CliError(STATUS.badInput, `nothing was written: ${taken.join(", ")} is there already`);
  const project = process.stdin.isTTY && !options.yes ? await asked(options) : given(options);
  checkName(project.name);
  const [model = "nat"] = project.models;
  const { config } = project;
  const files: readonly (readonly [file: string, text: string])[] = [
    [DIRECTOR_FILE, directorText(project)],
    // One that is there is the project's own.
    ...(config === undefined || existsSync(config) ? [] : [[config, TEMPLATE] as const]),
    [SCENARIO_FILE, scenarioText(model)],
    [WORKFLOW_FILE, WORKFLOW],
  ];
  for (const [file, text] of files) written(file, text);
  process.stderr.write(`run it: hopcheck run hopcheck --director ${DIRECTOR_FILE}\n`);
  return STATUS.holds;
}

function written(file: string, text: string): void {
  try {
    writeFile(file, text);
  } catch (error) {
    throw new CliError(STATUS.badInput, `${file} cannot be written: ${(error as Error).message}`);
  }
  process.stderr.write(`wrote ${file}\n`);
}

function given({ name = defaultName(), model = ["nat"], start, config, ready }: ProjectOptions): Project {
  if (start === undefined)
    throw new CliError(STATUS.badInput, "which command starts the load balancer? Give it with --start");
  return {
    name,
    models: model,
    start,
    ...(config === undefined ? {} : { config }),
    ...(ready === undefined ? {} : { ready }),
  };
}

/** Asks for what no option tells, on the terminal. */
async function asked(options: ProjectOptions): Promise<Project> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const lines = terminal[Symbol.asyncIterator]();
  const ask = async (question: string, otherwise = "") => {
    terminal.setPrompt(`${question}${otherwise === "" ? "" : ` [${otherwise}]`}: `);
    terminal.prompt();
    const { value, done } = await lines.next();
    if (done) {
      process.stderr.write("\n");
      throw new CliError(STATUS.interrupted, "nothing was written");
    }
    return value.trim() || otherwise;
  };
  try {
    const name = options.name ?? (await ask("Name of the load balancer", defaultName()));
    const model = options.model ?? readModels(await ask("Models it forwards by, of nat,dr,tun", "nat"));
    const start = options.start ?? (await ask("Command that starts it"));
    const config = options.config ?? (await ask("Template of its configuration (empty: it has none)"));
    const ready = options.ready ?? (await ask("Command that ends with 0 when it serves (empty: at once)"));
    return given({
      name,
      model,
      yes: true,
      ...(start === "" ? {} : { start }),
      ...(config === "" ? {} : { config }),
      ...(ready === "" ? {} : { ready }),
    });
  } finally {
    terminal.close();
  }
}

function readModels(text: string): Model[] {
  try {
    return models(text);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new CliError(STATUS.badInput, error.message);
    throw error;
  }
}

/** As the schema of director files has it. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;

function defaultName(): string {
  const name = basename(resolve("."))
    .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[^A-Za-z]+/, "")
    .slice(0, 32);
  return NAME.test(name) ? name : "my-lb";
}

function checkName(name: string): void {
  if (!NAME.test(name))
    throw new CliError(
      STATUS.badInput,
      `'${name}' cannot be the name: a letter, then up to 31 letters, digits, - or _`,
    );
}

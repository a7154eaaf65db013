import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadScenario, loadSetup } from "./load.js";
import { ScenarioError } from "./problem.js";
import type { Scenario } from "./scenario.js";

/** A folder for one test's files. */
export class Workspace {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "hopcheck-scenario-")));

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** A scenario that was written before. */
  load(name: string): Scenario {
    return loadScenario(join(this.folder, name));
  }

  scenario(text: string): Scenario {
    return loadScenario(this.write("case.yaml", text));
  }

  /** The whole message with which a scenario is refused, paths relative to the folder. */
  refusal(text: string): string {
    return this.messageOf(() => this.scenario(text));
  }

  setupRefusal(text: string): string {
    return this.messageOf(() => loadSetup(this.write("setup.yaml", text)));
  }

  messageOf(load: () => unknown): string {
    try {
      load();
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      return error.message.replaceAll(`${this.folder}/`, "").replaceAll(this.folder, ".");
    }
    throw new Error("it was accepted");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

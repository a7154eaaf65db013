import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

/** Debian's `nobody`: no files, no rights. */
const NOBODY = 65534;
const project = fileURLToPath(new URL("../..", import.meta.url));

/** What follows runs where the project has a name that every user can reach, and where nobody has a tap device. */
const WITH_PROJECT = `mount --bind "$1" "$2" || exit
[ ! -d /dev/net ] || mount -t tmpfs none /dev/net || exit
shift 2
exec "$@"`;

/** An ordinary user with a home folder: root becomes nobody, anybody else is one already. */
export class OrdinaryUser {
  readonly home = realpathSync(mkdtempSync(join(tmpdir(), "hopcheck-user-")));
  /** Where `run` shows the project. */
  readonly project: string;
  readonly #isRoot = process.getuid?.() === 0;

  constructor() {
    this.project = this.#isRoot ? join(this.home, "project") : project;
    if (!this.#isRoot) return;
    mkdirSync(this.project);
    chownSync(this.home, NOBODY, NOBODY);
  }

  /** What runs a command as this user. */
  command(command: readonly string[]): readonly string[] {
    if (!this.#isRoot) return command;
    const become = ["setpriv", "--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, "--clear-groups"];
    return ["unshare", "--mount", "sh", "-c", WITH_PROJECT, "sh", project, this.project, ...become, ...command];
  }

  /** Runs a command in the home folder, to its end. */
  run(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [file = "", ...args] = this.command(command);
    return execa(file, args, {
      cwd: this.home,
      env: { HOME: this.home, npm_config_cache: join(this.home, ".npm"), ...env },
      reject: false,
    });
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

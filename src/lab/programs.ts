import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The programs that labs call, with the Debian package that has them. */
const PACKAGES = {
  setpriv: "util-linux",
  unshare: "util-linux",
  nsenter: "util-linux",
  mount: "mount",
  sh: "dash",
  true: "coreutils",
  ip: "iproute2",
  bridge: "iproute2",
  nft: "nftables",
  keepalived: "keepalived",
} as const;

/** Which of these programs are not there, and what to do; undefined where all are. */
export function missingPrograms(
  names: readonly (keyof typeof PACKAGES)[],
  path = process.env.PATH ?? "",
): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  const missing = names.filter((name) => !folders.some((folder) => isProgram(join(folder, name))));
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map((name) => PACKAGES[name]))];
  return `${missing.join(", ")} not found in the PATH; install what is missing: apt-get install ${packages.join(" ")}`;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

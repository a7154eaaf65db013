import { quote } from "../lab/shell.js";
import { shown } from "./paths.js";
import type { RunOptions } from "./run-options.js";

/** A word as somebody would type it into a shell: in quotes only where it needs them. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quote(word);
}

/**
 * The command that runs these again, whatever the shard.
 * @param which what it selects and how often it runs it, beyond the paths
 */
export function commandOf(
  paths: readonly string[],
  {
    director,
    directorVersion,
    profile,
    kernel,
    fault,
  }: Pick<RunOptions, "director" | "directorVersion" | "profile" | "kernel" | "fault">,
  { model, grep, repeat = 1 }: Partial<Pick<RunOptions, "model" | "grep" | "repeat">> = {},
): string {
  const option = (name: string, value: string | undefined) => (value === undefined ? [] : [`--${name}`, value]);
  const words = [
    ...paths.map(shown),
    ...option("director", director),
    ...option("director-version", directorVersion),
    ...option("profile", profile === "core" ? undefined : profile),
    ...option("kernel", kernel === "auto" ? undefined : kernel),
    ...option("fault", fault),
    ...option("model", model?.join(",")),
    ...option("grep", grep?.source),
    ...option("repeat", repeat === 1 ? undefined : String(repeat)),
  ];
  return ["hopcheck run", ...words.map(shellWord)].join(" ");
}

import { sysctlPath } from "./sysctl.js";

/** A setting by which a kernel keeps ordinary users from making user namespaces. */
export interface UserNamespaceLock {
  readonly setting: string;
  /** The value that keeps them from it. */
  readonly value: string;
  /** One that lets them. */
  readonly open: string;
}

const LOCKS: readonly UserNamespaceLock[] = [
  { setting: "kernel.unprivileged_userns_clone", value: "0", open: "1" },
  { setting: "kernel.apparmor_restrict_unprivileged_userns", value: "1", open: "0" },
  { setting: "user.max_user_namespaces", value: "0", open: "15000" },
];

/** Those that are in the way. @param read the text of a file; undefined where there is none. */
export function userNamespaceLocks(read: (file: string) => string | undefined): readonly UserNamespaceLock[] {
  return LOCKS.filter(({ setting, value }) => read(sysctlPath(setting))?.trim() === value);
}

/** The command that takes these out of the way. */
export function openingCommand(locks: readonly UserNamespaceLock[]): string {
  return `sudo sysctl -w ${locks.map(({ setting, open }) => `${setting}=${open}`).join(" ")}`;
}

/** The npm packages with a part compiled for this machine. */
export const NATIVE_PACKAGES = ["cap", "koffi"] as const;

/** Undefined where the npm package loads, otherwise why it does not, in one line. */
export async function loadProblem(name: string): Promise<string | undefined> {
  try {
    await import(name);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.trim().split("\n")[0] ?? "";
  }
}

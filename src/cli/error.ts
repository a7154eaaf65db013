/** Exit statuses that others rely on. */
export const STATUS = { holds: 0, violated: 1, badInput: 2, cannotRun: 3, interrupted: 130 } as const;

/** Something that the user can mend: its message is all that is printed. */
export class CliError extends Error {
  override name = "CliError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

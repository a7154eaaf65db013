/** The machine cannot run this, whatever the scenario says; the message says what is missing and what to do. */
export class CannotRun extends Error {
  override name = "CannotRun";
}

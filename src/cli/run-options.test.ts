import { expect } from "chai";
import { Command } from "commander";
import { type RunOptions, runOptions } from "./run-options.js";

describe("the options of run", () => {
  const parsed = (...args: string[]) =>
    runOptions(new Command().exitOverride().configureOutput({ writeErr() {} }))
      .parse(args, { from: "user" })
      .opts<RunOptions>();

  it("take any text for the version of the director, but none and not a long one", () => {
    expect(parsed("--director-version", "1.10").directorVersion).to.equal("1.10");
    expect(parsed("--director-version", "x".repeat(100)).directorVersion).to.have.lengthOf(100);
    expect(parsed()).to.not.have.property("directorVersion");
    for (const text of ["", "x".repeat(101)])
      expect(() => parsed("--director-version", text)).to.throw(
        `error: option '--director-version <text>' argument '${text}' is invalid. text of 1 to 100 characters is wanted.`,
      );
  });
});

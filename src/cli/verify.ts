import { Command, InvalidArgumentError, Option } from "commander";
import { type VerifyOptions, verify } from "./verify-files.js";

export function verifyCommand(): Command {
  return new Command("verify")
    .description("judge captures of a real network by the same rules; needs no lab and no root")
    .argument("<files...>", "a setup file; with --vip the capture files instead")
    .option("--capture <tap=file>", "a capture of a host of the setup, or of one of its NICs (repeatable)", capture, [])
    .addOption(
      new Option("--profile <profile>", "the rules to judge by").choices(["core", "extended"]).default("extended"),
    )
    .option("--reporter <names>", "list, html, json: several with commas between them", reporters, [
      "list",
      "html",
      "json",
    ])
    .option("--out <folder>", "where to write (default: reports/ and the time)")
    .action(async (files: string[], options: VerifyOptions) => {
      process.exitCode = await verify(files, options);
    });
}

/** `director=a.pcap` */
function capture(text: string, before: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1)
    throw new InvalidArgumentError("write the tap and its file, such as director=director.pcap.");
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

const FORMATS = ["list", "html", "json"];

function reporters(text: string): string[] {
  return text.split(",").map((part) => {
    const name = part.trim();
    if (!FORMATS.includes(name)) throw new InvalidArgumentError(`'${name}' is none; there are ${FORMATS.join(", ")}.`);
    return name;
  });
}

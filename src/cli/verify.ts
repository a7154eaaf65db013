import { Command, InvalidArgumentError, Option } from "commander";
import type { Wanted } from "../forwarding/captured/infer.js";
import type { Protocol } from "../forwarding/setup.js";
import { canonicalIp, isIp, isIp6 } from "../packet/address.js";
import { EXTRACT, FORMATS_HELP, formats } from "./formats.js";
import { type VerifyOptions, verify } from "./verify-files.js";

export function verifyCommand(): Command {
  return new Command("verify")
    .description("judge captures of a real network by the same rules; needs no lab and no root")
    .argument("<files...>", "a setup file; with --vip the capture files instead")
    .option("--capture <tap=file>", "a capture of a host of the setup, or of one of its NICs (repeatable)", capture, [])
    .option("--vip <address[:port[/protocol]]>", "no setup file: find out who is who behind this virtual address", vip)
    .option("--write-setup <file>", "with --vip: write the setup that was found, for `hopcheck verify` to read")
    .addOption(
      new Option("--profile <profile>", "the rules to judge by").choices(["core", "extended"]).default("extended"),
    )
    .option("--reporter <names>", FORMATS_HELP, (text) => formats(text), ["list", "html", "json"])
    .option("--out <folder>", "where to write (default: reports/ and the time)")
    .option("--extract <folder>", EXTRACT)
    .action(async (files: string[], options: VerifyOptions) => {
      process.exitCode = await verify(files, options);
    });
}

/** `director=a.pcap` */
export function capture(text: string, before: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1)
    throw new InvalidArgumentError("write the tap and its file, such as director=director.pcap.");
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

/** `10.0.0.10`, `10.0.0.10:80/tcp`, `[fd00::10]:80` */
export function vip(text: string): Wanted {
  const [, bracketed, plain, port, protocol] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s/[\]]+?))(?::(\d{1,5})(?:\/(tcp|udp|sctp))?)?$/.exec(
      isIp6(text) ? `[${text}]` : text,
    ) ?? [];
  const address = bracketed ?? plain ?? "";
  const number = port === undefined ? undefined : Number(port);
  if ((!isIp(address) && !isIp6(address)) || (number !== undefined && (number < 1 || number > 65535)))
    throw new InvalidArgumentError(
      "write an address, with a port and its protocol if you like, such as 10.0.0.10:80/tcp or [fd00::10]:80.",
    );
  return {
    vip: canonicalIp(address),
    ...(number === undefined ? {} : { port: number }),
    ...(protocol === undefined ? {} : { protocol: protocol as Protocol }),
  };
}

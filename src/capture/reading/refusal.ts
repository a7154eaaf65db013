import { SECTION_HEADER } from "./blocks.js";
import { classicOrder } from "./classic.js";
import { Refusal } from "./record.js";

/** What else people have, by its first bytes, with the command that makes a capture of it. */
const OTHERS: readonly (readonly [magic: string, name: string, command: string])[] = [
  ["fd377a585a00", "compressed by xz", "xz -d FILE"],
  ["425a68", "compressed by bzip2", "bzip2 -d FILE"],
  ["04224d18", "compressed by lz4", "lz4 -d FILE"],
  ["504b0304", "a zip archive", "unzip FILE"],
  ["736e6f6f70000000", "a capture of Solaris' snoop", "editcap -F pcapng FILE OUT"],
  ["474d4255", "a capture of Microsoft Network Monitor", "editcap -F pcapng FILE OUT"],
];
const SHOWN = 8;

/** Why a file that begins with these bytes, and perhaps has no more, is no capture that can be read. */
export function refusalOf(head: Buffer): Refusal {
  if (head.length === 0) return new Refusal("is empty");
  if (head.length >= 4 && (head.readUInt32LE(0) === SECTION_HEADER || classicOrder(head) !== undefined))
    return new Refusal("is cut off within its header: no frame was written to it");
  const other = OTHERS.find(([magic]) => head.toString("hex").startsWith(magic));
  if (other !== undefined) return new Refusal(`is ${other[1]}, which cannot be read; try: ${other[2]}`);
  const shown = head.subarray(0, SHOWN);
  const text = shown.toString("latin1").replace(/[^ -~]/g, ".");
  return new Refusal(
    `is no capture: it begins with ${shown.toString("hex")} ("${text}"). ` +
      "Files of pcap and pcapng can be read, also compressed by gzip or zstd",
  );
}

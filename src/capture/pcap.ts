import { createReadStream } from "node:fs";
import PcapParser from "pcap-parser";

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const LINKTYPE_ETHERNET = 1;
const SNAP_LENGTH = 262_144;

/** A classic pcap file (version 2.4, Ethernet) with these frames, a microsecond apart. */
export function pcapBytes(frames: readonly Uint8Array[]): Uint8Array {
  const size = frames.reduce((sum, frame) => sum + 16 + frame.length, 24);
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(MAGIC_MICROSECONDS, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(SNAP_LENGTH, 16);
  bytes.writeUInt32LE(LINKTYPE_ETHERNET, 20);
  let at = 24;
  frames.forEach((frame, i) => {
    bytes.writeUInt32LE(Math.floor(i / 1_000_000), at);
    bytes.writeUInt32LE(i % 1_000_000, at + 4);
    bytes.writeUInt32LE(frame.length, at + 8);
    bytes.writeUInt32LE(frame.length, at + 12);
    bytes.set(frame, at + 16);
    at += 16 + frame.length;
  });
  return bytes;
}

/**
 * The frames of a small classic capture file that is trusted: one to be sent in a lab.
 * @throws Error where the file is none, is not of Ethernet, or ends in the middle of a frame.
 */
export function readPcap(file: string): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const frames: Uint8Array[] = [];
    let read = 24;
    const stream = createReadStream(file);
    const parser = PcapParser.parse(stream);
    parser.on("globalHeader", (header) => {
      if (header.linkLayerType !== LINKTYPE_ETHERNET)
        reject(new Error(`${file}: link type ${header.linkLayerType}; only Ethernet (1) can be sent`));
    });
    parser.on("packet", ({ header, data }) => {
      if (header.capturedLength < header.originalLength)
        reject(
          new Error(
            `${file}: frame ${frames.length + 1} was cut to ${header.capturedLength} of ${header.originalLength} bytes when it was recorded`,
          ),
        );
      frames.push(Uint8Array.from(data));
      read += 16 + data.length;
    });
    parser.on("error", (error) => reject(new Error(`${file}: ${error.message}`)));
    parser.on("end", () => {
      // The parser ends without a word where a file is cut off.
      if (read !== stream.bytesRead) reject(new Error(`${file}: cut off behind frame ${frames.length}`));
      else resolve(frames);
    });
  });
}

import { readFileSync } from "node:fs";
import type { Direction } from "../packet/frame.js";

/** A frame as a capture file has it. */
export interface CapturedFrame {
  readonly number: number;
  readonly time: bigint;
  readonly linkType: number;
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly direction?: Direction;
  readonly interfaceName?: string;
}

/** The frames of a little-endian classic capture or pcapng file; throws an Error that says what the file is instead. */
export function* captureFrames(path: string): Generator<CapturedFrame> {
  const bytes = readFileSync(path);
  const magic = bytes.length < 24 ? 0 : bytes.readUInt32LE(0);
  if (magic === 0x0a0d0d0a) yield* pcapng(bytes);
  else if (magic === 0xa1b2c3d4 || magic === 0xa1b23c4d) yield* classic(bytes, magic === 0xa1b2c3d4 ? 1000n : 1n);
  else throw new Error(`${path} is no capture file`);
}

function* classic(bytes: Buffer, unit: bigint): Generator<CapturedFrame> {
  const linkType = bytes.readUInt32LE(20);
  let number = 0;
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    if (at + 16 + length > bytes.length) return;
    const time = BigInt(bytes.readUInt32LE(at)) * 1_000_000_000n + BigInt(bytes.readUInt32LE(at + 4)) * unit;
    const wireLength = bytes.readUInt32LE(at + 12);
    yield { number: ++number, time, linkType, wireLength, bytes: bytes.subarray(at + 16, at + 16 + length) };
    at += 16 + length;
  }
}

function* pcapng(bytes: Buffer): Generator<CapturedFrame> {
  const interfaces: { linkType: number; name?: string; unit: bigint }[] = [];
  let number = 0;
  for (let at = 0; at + 12 <= bytes.length; ) {
    const [type, length] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    if (length < 12 || at + length > bytes.length) return;
    if (type === 1) {
      const options = optionsOf(bytes.subarray(at + 16, at + length - 4));
      const resolution = options.get(9)?.[0] ?? 6;
      const name = options.get(2)?.toString();
      const unit = 10n ** BigInt(9 - resolution);
      interfaces.push({ linkType: bytes.readUInt16LE(at + 8), unit, ...(name ? { name } : {}) });
    } else if (type === 6) {
      const from = interfaces[bytes.readUInt32LE(at + 8)];
      const captured = bytes.readUInt32LE(at + 20);
      const ticks = (BigInt(bytes.readUInt32LE(at + 12)) << 32n) | BigInt(bytes.readUInt32LE(at + 16));
      const end = at + 28 + captured + ((4 - (captured % 4)) % 4);
      const flags =
        optionsOf(bytes.subarray(end, at + length - 4))
          .get(2)
          ?.readUInt32LE(0) ?? 0;
      const direction = (["in", "out"] as const)[(flags & 3) - 1];
      number++;
      if (from)
        yield {
          number,
          time: ticks * from.unit,
          linkType: from.linkType,
          bytes: bytes.subarray(at + 28, at + 28 + captured),
          wireLength: bytes.readUInt32LE(at + 24),
          ...(direction ? { direction } : {}),
          ...(from.name ? { interfaceName: from.name } : {}),
        };
    }
    at += length;
  }
}

function optionsOf(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const [code, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (code === 0) break;
    options.set(code, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return options;
}

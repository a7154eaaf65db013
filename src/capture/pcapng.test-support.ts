/** A frame as another reader of the file sees it. */
export interface ReadFrame {
  readonly tap: string;
  readonly time: bigint;
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  /** 1: inbound, 2: outbound. */
  readonly flags: number;
}

export interface Block {
  readonly type: number;
  readonly body: Buffer;
  readonly options: ReadonlyMap<number, Buffer>;
}

/** Length of the fixed fields of each type of block; -1: an Enhanced Packet Block, whose frame comes behind them. */
const FIXED: Readonly<Record<number, number>> = { 168627466: 16, 1: 8, 6: -1 };

/** The blocks of a pcapng file, lengths before and behind each held against each other. */
export function readBlocks(file: Uint8Array): Block[] {
  const bytes = Buffer.from(file);
  const blocks: Block[] = [];
  for (let at = 0; at < bytes.length; ) {
    const type = bytes.readUInt32LE(at);
    const length = bytes.readUInt32LE(at + 4);
    if (length % 4 !== 0 || length < 12) throw new Error(`block at ${at}: length ${length}`);
    if (bytes.readUInt32LE(at + length - 4) !== length) throw new Error(`block at ${at}: its two lengths differ`);
    const content = bytes.subarray(at + 8, at + length - 4);
    const fixed = FIXED[type];
    if (fixed === undefined) throw new Error(`block at ${at}: type ${type}`);
    const bodyLength = fixed >= 0 ? fixed : 20 + Math.ceil(content.readUInt32LE(12) / 4) * 4;
    blocks.push({ type, body: content.subarray(0, bodyLength), options: readOptions(content.subarray(bodyLength)) });
    at += length;
  }
  return blocks;
}

function readOptions(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const code = bytes.readUInt16LE(at);
    const length = bytes.readUInt16LE(at + 2);
    if (code === 0) {
      if (at + 4 !== bytes.length) throw new Error("something stands behind the end of the options");
      return options;
    }
    options.set(code, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  throw new Error("the options do not end");
}

export function readPcapng(file: Uint8Array): ReadFrame[] {
  const [section, ...blocks] = readBlocks(file);
  if (section?.type !== 0x0a0d0d0a) throw new Error("the file does not begin with a section header");
  const taps = blocks.filter(({ type }) => type === 1).map(({ options }) => String(options.get(2)));
  return blocks
    .filter(({ type }) => type === 6)
    .map(({ body, options }) => ({
      tap: taps[body.readUInt32LE(0)] ?? "no interface",
      time: (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8)),
      bytes: body.subarray(20, 20 + body.readUInt32LE(12)),
      wireLength: body.readUInt32LE(16),
      flags: options.get(2)?.readUInt32LE(0) ?? 0,
    }));
}

/**
 * Takes frames out of a pcapng file of ours, in the page as well as where it is written: little-endian, one section,
 * a block a frame.
 * @see draft-ietf-opsawg-pcapng
 */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const IF_NAME = 2;
/** Of an interface description: type and length, then link type and snap length; options follow. */
const INTERFACE_OPTIONS = 16;
/** Type and length before a block's body, length behind it. */
const LEAST_BLOCK = 12;

interface Block {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** Undefined where it is no such file, or is cut short. */
function blocksOf(file: Uint8Array): Block[] | undefined {
  const view = viewOf(file);
  const blocks: Block[] = [];
  for (let at = 0; at < file.length; ) {
    if (file.length - at < LEAST_BLOCK) return undefined;
    const type = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    const isSound = length >= LEAST_BLOCK && length % 4 === 0 && at + length <= file.length;
    if (!isSound || (at === 0) !== (type === SECTION_HEADER)) return undefined;
    blocks.push({ type, bytes: file.subarray(at, at + length) });
    at += length;
  }
  return blocks;
}

/** The tap of each frame: the name of its interface. Undefined where it is no such file. */
export function tapsOf(file: Uint8Array): string[] | undefined {
  const blocks = blocksOf(file);
  if (blocks === undefined) return undefined;
  const taps: string[] = [];
  const names: string[] = [];
  for (const { type, bytes } of blocks) {
    if (type === INTERFACE_DESCRIPTION) names.push(nameOf(bytes));
    if (type === ENHANCED_PACKET) taps.push(names[viewOf(bytes).getUint32(8, true)] ?? "");
  }
  return taps;
}

function nameOf(block: Uint8Array): string {
  const view = viewOf(block);
  for (let at = INTERFACE_OPTIONS; at + 4 <= block.length; ) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === IF_NAME)
      return new TextDecoder().decode(block.subarray(at + 4, Math.min(at + 4 + length, block.length)));
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return "";
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The file with those of its frames alone that are wanted, byte for byte, comments included. */
export function takeFrames(file: Uint8Array, isWanted: (index: number) => boolean): Uint8Array<ArrayBuffer> {
  let index = 0;
  const kept = (blocksOf(file) ?? []).filter(({ type }) => type !== ENHANCED_PACKET || isWanted(index++));
  const taken = new Uint8Array(kept.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of kept) {
    taken.set(bytes, at);
    at += bytes.length;
  }
  return taken;
}

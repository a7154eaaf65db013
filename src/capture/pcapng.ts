import type { Frame } from "../packet/frame.js";
import { linkOf } from "../packet/link.js";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;

const OPTION_END = 0;
const OPT_COMMENT = 1;
/** Bytes; the length of an option has 16 bits. */
const LONGEST_OPTION = 65_532;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;
const INBOUND = 1;
const OUTBOUND = 2;

/**
 * A pcapng file with one interface a tap (and link type), nanosecond times and the direction of every frame.
 * @param comments what Wireshark shows with a frame; longer ones are cut
 * @see draft-ietf-opsawg-pcapng
 */
export function pcapngBytes(
  frames: readonly Frame[],
  application: string,
  comments: ReadonlyMap<Frame, string> = new Map(),
): Uint8Array {
  const interfaceOf = (frame: Frame) => `${linkOf(frame.packet).linkType} ${frame.tap}`;
  const interfaces = [...new Map(frames.map((frame) => [interfaceOf(frame), frame])).entries()];
  const ids = new Map(interfaces.map(([name], id) => [name, id]));
  const versionAndUnknownLength = Buffer.from("4d3c2b1a01000000ffffffffffffffff", "hex");
  const blocks = [
    block(SECTION_HEADER, versionAndUnknownLength, option(SHB_USERAPPL, Buffer.from(application))),
    ...interfaces.map(([, frame]) =>
      block(
        INTERFACE_DESCRIPTION,
        interfaceBody(frame),
        option(IF_NAME, Buffer.from(frame.tap)),
        option(IF_TSRESOL, Buffer.of(9)),
      ),
    ),
    ...frames.map((frame) => packetBlock(frame, ids.get(interfaceOf(frame)) ?? 0, comments.get(frame))),
  ];
  return Buffer.concat(blocks);
}

function interfaceBody({ packet }: Frame): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(linkOf(packet).linkType, 0);
  return body;
}

function packetBlock(frame: Frame, interfaceId: number, comment: string | undefined): Buffer {
  const { start } = linkOf(frame.packet);
  const bytes = frame.bytes.subarray(start);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(interfaceId, 0);
  head.writeUInt32LE(Number((frame.time >> 32n) & 0xffffffffn), 4);
  head.writeUInt32LE(Number(frame.time & 0xffffffffn), 8);
  head.writeUInt32LE(bytes.length, 12);
  head.writeUInt32LE(frame.wireLength - start, 16);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(frame.direction === "in" ? INBOUND : OUTBOUND, 0);
  const options = [option(EPB_FLAGS, flags), ...(comment === undefined ? [] : [option(OPT_COMMENT, utf8(comment))])];
  return block(ENHANCED_PACKET, Buffer.concat([head, padded(bytes)]), ...options);
}

/** No character is cut in two. */
function utf8(text: string): Uint8Array {
  const whole = Buffer.from(text);
  if (whole.length <= LONGEST_OPTION) return whole;
  const bytes = new Uint8Array(LONGEST_OPTION);
  return bytes.subarray(0, new TextEncoder().encodeInto(text, bytes).written);
}

/** A block's length stands before and behind its body; options end with an empty one. */
function block(type: number, body: Uint8Array, ...options: Uint8Array[]): Buffer {
  const content = Buffer.concat([body, ...options, option(OPTION_END, new Uint8Array())]);
  const length = 12 + content.length;
  const framed = Buffer.alloc(length);
  framed.writeUInt32LE(type, 0);
  framed.writeUInt32LE(length, 4);
  framed.set(content, 8);
  framed.writeUInt32LE(length, length - 4);
  return framed;
}

function option(code: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, padded(value)]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

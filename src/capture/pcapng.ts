import type { Frame } from "../packet/frame.js";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const LINKTYPE_ETHERNET = 1;

const OPTION_END = 0;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;
const INBOUND = 1;
const OUTBOUND = 2;

/**
 * A pcapng file with one interface a tap, nanosecond times and the direction of every frame.
 * @see draft-ietf-opsawg-pcapng
 */
export function pcapngBytes(frames: readonly Frame[], application: string): Uint8Array {
  const taps = [...new Set(frames.map((frame) => frame.tap))];
  const versionAndUnknownLength = Buffer.from("4d3c2b1a01000000ffffffffffffffff", "hex");
  const blocks = [
    block(SECTION_HEADER, versionAndUnknownLength, option(SHB_USERAPPL, Buffer.from(application))),
    ...taps.map((tap) =>
      block(
        INTERFACE_DESCRIPTION,
        interfaceBody(),
        option(IF_NAME, Buffer.from(tap)),
        option(IF_TSRESOL, Buffer.of(9)),
      ),
    ),
    ...frames.map((frame) => packetBlock(frame, taps.indexOf(frame.tap))),
  ];
  return Buffer.concat(blocks);
}

function interfaceBody(): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(LINKTYPE_ETHERNET, 0);
  return body;
}

function packetBlock(frame: Frame, interfaceId: number): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(interfaceId, 0);
  head.writeUInt32LE(Number(frame.time >> 32n), 4);
  head.writeUInt32LE(Number(frame.time & 0xffffffffn), 8);
  head.writeUInt32LE(frame.bytes.length, 12);
  head.writeUInt32LE(frame.wireLength, 16);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(frame.direction === "in" ? INBOUND : OUTBOUND, 0);
  return block(ENHANCED_PACKET, Buffer.concat([head, padded(frame.bytes)]), option(EPB_FLAGS, flags));
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

/** CRC32c, the Castagnoli polynomial with its bits reversed, as SCTP has it (RFC 9260 Appendix A). */

const POLYNOMIAL = 0x82f63b78;
const BYTE_VALUES = 256;

const TABLE = Uint32Array.from({ length: BYTE_VALUES }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder;
});

/** The CRC of `bytes[start, end)`; `before` is that of the bytes in front of them. */
export function crc32c(bytes: Uint8Array, start: number, end: number, before = 0): number {
  let remainder = ~before;
  const last = Math.min(end, bytes.length);
  for (let at = start; at < last; at++) {
    remainder = (TABLE[(remainder ^ (bytes[at] as number)) & 0xff] as number) ^ (remainder >>> 8);
  }
  return ~remainder >>> 0;
}

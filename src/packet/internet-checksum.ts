/** The Internet checksum (RFC 1071), and how it changes with a field (RFC 1624). */

/** The sum of the big-endian 16-bit words of `bytes[start, end)`, not folded; a last odd byte counts as a high one. */
export function wordSum(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, bytes.length);
  let sum = 0;
  let at = start;
  for (; at + 1 < last; at += 2) sum += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return at < last ? sum + ((bytes[at] as number) << 8) : sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
}

/**
 * The checksum of `bytes[start, end)`: 0 where these contain a valid one.
 * `initial` is added to the sum: that of a pseudo header, or of earlier bytes of even length.
 */
export function internetChecksum(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  return 0xffff - fold(wordSum(bytes, start, end) + initial);
}

/** What a checksum becomes when one 16-bit word that it covers changes (RFC 1624 §3, equation 3). */
export function incrementalUpdate(checksum: number, oldWord: number, newWord: number): number {
  return 0xffff - fold(0xffff - checksum + (0xffff - oldWord) + newWord);
}

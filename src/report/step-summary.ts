/** Bytes of a step's summary that GitHub takes; one that is longer is not shown at all. */
export const LONGEST_SUMMARY = 1024 * 1024;

/** Bytes for the sentence that says what was left out. */
const MARGIN = 100;

/** Parts of a summary, as many of them as fit; how many did not is said at its end. Empty where there is no room at all. */
export function limited(parts: readonly string[], most = LONGEST_SUMMARY): string {
  if (most < MARGIN) return "";
  let length = 0;
  const fitting = parts.findIndex((part) => {
    length += Buffer.byteLength(part) + 1;
    return length > most - MARGIN;
  });
  if (fitting < 0) return `${parts.join("\n")}\n`;
  const left = `${parts.length - fitting} more do not fit here; the report has them.`;
  return `${[...parts.slice(0, fitting), "", left].join("\n")}\n`;
}

/** What `npm run bench` makes of its measurements. */

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Prints a figure in a line of the table. */
export function line(name: string, value: number, unit: string): void {
  const shown = Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
  process.stdout.write(`${name.padEnd(52)} ${shown.padStart(8)} ${unit}\n`);
}

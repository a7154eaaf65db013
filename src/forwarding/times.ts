/** Times in nanoseconds, as `bigint`, which Math knows nothing of. */

/** The least of the times; undefined where there are none. */
export function earliest(times: Iterable<bigint>): bigint | undefined {
  let least: bigint | undefined;
  for (const time of times) if (least === undefined || time < least) least = time;
  return least;
}

/** The greatest of the times; undefined where there are none. */
export function latest(times: Iterable<bigint>): bigint | undefined {
  let most: bigint | undefined;
  for (const time of times) if (most === undefined || time > most) most = time;
  return most;
}

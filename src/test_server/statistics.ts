/** What is made of many measurements. @module */

/** The middle value; of an even number the upper one of the two. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[values.length >> 1];
  if (middle === undefined) throw new RangeError("Cannot compute a median: there are no values");
  return middle;
}

/** The least value that `share` (above 0, at most 1) of all are not above: nearest rank, so it is one of the values. */
export function percentile(ascending: readonly number[], share: number): number {
  const value = ascending[Math.ceil(share * ascending.length) - 1];
  if (value === undefined) throw new RangeError(`Cannot compute a percentile: no value at ${share}`);
  return value;
}

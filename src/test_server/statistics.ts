/** Medians and percentiles. @module */

/** The middle value; of an even number the upper one of the two. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[values.length >> 1];
  if (middle === undefined) throw new RangeError("Cannot compute a median: there are no values");
  return middle;
}

/** The percentile by nearest rank, which is one of the values. `share`: above 0, at most 1. */
export function percentile(ascending: readonly number[], share: number): number {
  const value = ascending[Math.ceil(share * ascending.length) - 1];
  if (value === undefined) throw new RangeError(`Cannot compute a percentile: no value at ${share}`);
  return value;
}

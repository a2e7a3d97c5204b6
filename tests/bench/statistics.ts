/** What the benchmarks do with their figures. @module */

/** The middle value; of an even number the upper one of the two. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[values.length >> 1];
  if (middle === undefined) throw new RangeError("Cannot compute a median: there are no values");
  return middle;
}

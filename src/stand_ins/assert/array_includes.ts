/** An assertion about the members of a list. @module */
import { failure } from "./assertion_error.ts";
import { format } from "./difference.ts";
import { equal } from "./equal.ts";

/** Anything with a length and numbered members, except a string: an array, a `Uint8Array`, `arguments`. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/**
 * @param expected Its order is free, and one member of `actual` serves for any number of equal ones.
 * @throws {AssertionError} If a member of `expected` equals none of `actual`, naming each that is missing.
 */
export function assertArrayIncludes<T>(actual: ArrayLikeArg<T>, expected: ArrayLikeArg<T>, msg?: string): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((member) => !present.some((candidate) => equal(member, candidate)));
  if (missing.length === 0) return;
  const sentence = `Expected actual: "${format(actual)}" to include: "${format(expected)}"`;
  throw failure(sentence, msg, `\nmissing: ${format(missing)}`);
}

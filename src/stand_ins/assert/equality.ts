/** Assertions that two values are equal, in depth or as one. @module */
import { failure } from "./assertion_error.ts";
import { difference, format, removed } from "./difference.ts";
import { equal } from "./equal.ts";

/**
 * Passes if both values are equal in depth, by the rules of {@linkcode equal}.
 *
 * @throws {AssertionError} If they differ, with the difference line by line.
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) throw failure("Values are not equal", msg, `\n${difference(actual, expected)}`);
}

/** @throws {AssertionError} If both values are equal in depth, by the rules of {@linkcode equal}. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) {
    throw failure(`Expected actual: ${format(actual)} not to be: ${format(expected)}`, msg);
  }
}

/**
 * Passes if both are one and the same value by `Object.is`: one object, or equal primitives, where NaN equals itself
 * and 0 differs from -0. Narrows `actual` to the type of `expected`.
 *
 * @throws {AssertionError} If they differ, with the difference line by line, or word that they only look the same.
 */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const shown = format(actual);
  if (shown !== format(expected)) {
    throw failure("Values are not strictly equal", msg, `\n${difference(actual, expected)}`);
  }
  const indented = shown.replace(/^/gm, "    ");
  throw failure("Values have the same structure but are not reference-equal", msg, `\n\n${removed(indented)}\n`);
}

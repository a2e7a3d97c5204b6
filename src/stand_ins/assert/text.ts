/** Assertions about what a string contains. @module */
import { failure } from "./assertion_error.ts";

/**
 * @param expected With the flag `g` or `y` it goes on where its last match ended, as `RegExp.test` does.
 * @throws {AssertionError} If the pattern finds nothing in `actual`.
 */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) throw failure(`Expected actual: "${actual}" to match: "${expected}"`, msg);
}

/** @throws {AssertionError} If `expected` is no part of `actual`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) throw failure(`Expected actual: "${actual}" to contain: "${expected}"`, msg);
}

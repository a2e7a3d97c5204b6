/** Assertions about the order of two values, as `<` and `>` see it. @module */
import { AssertionError } from "./assertion_error.ts";
import { format } from "./difference.ts";

/**
 * @param msg Replaces the whole message.
 * @throws {AssertionError} Unless `actual > expected`.
 */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) throw outOfOrder(actual, ">", expected, msg);
}

/**
 * @param msg Replaces the whole message.
 * @throws {AssertionError} Unless `actual >= expected`.
 */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) throw outOfOrder(actual, ">=", expected, msg);
}

/**
 * @param msg Replaces the whole message.
 * @throws {AssertionError} Unless `actual < expected`.
 */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) throw outOfOrder(actual, "<", expected, msg);
}

/**
 * @param msg Replaces the whole message.
 * @throws {AssertionError} Unless `actual <= expected`.
 */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) throw outOfOrder(actual, "<=", expected, msg);
}

function outOfOrder(actual: unknown, relation: string, expected: unknown, msg: string | undefined): AssertionError {
  return new AssertionError(msg ?? `Expect ${format(actual)} ${relation} ${format(expected)}`);
}

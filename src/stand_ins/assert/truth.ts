/** Assertions about whether a value is there, and those that always fail. @module */
import { AssertionError, failure } from "./assertion_error.ts";

/** What a value is narrowed to by {@linkcode assertFalse}. NaN is missing because it has no type of its own. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/**
 * Narrows `expr` to what holds if it is truthy.
 *
 * @param msg The whole message of the error; default empty.
 * @throws {AssertionError} If `expr` is falsy.
 */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/**
 * @param msg The whole message of the error; default empty.
 * @throws {AssertionError} If `expr` is truthy.
 */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** @throws {AssertionError} Always: the test should not have come here. */
export function fail(msg?: string): never {
  throw failure("Failed assertion", msg);
}

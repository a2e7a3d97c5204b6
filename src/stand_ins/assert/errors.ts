/** Assertions about errors and classes. @module */
import { stripVTControlCharacters } from "node:util";
import { failure } from "./assertion_error.ts";

/** Any class whose objects are `T`; abstract ones too. */
// deno-lint-ignore no-explicit-any -- as in the original: no other type takes exactly the classes it does
type ClassOf<T> = abstract new (...args: any[]) => T;

/**
 * Narrows `actual` to the objects of `expectedType`, subclasses included.
 *
 * @throws {AssertionError} If it is none, naming what it is.
 */
export function assertInstanceOf<T extends ClassOf<unknown>>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const expected = `Expected object to be an instance of "${expectedType.name}"`;
  const kind = kindOf(actual);
  if (kind === expectedType.name) throw failure(expected, msg);
  throw failure(`${expected} but was ${kind === "function" ? "not an instanced object" : `"${kind}"`}`, msg);
}

/**
 * Narrows `error` to an error of `ErrorClass`.
 *
 * @param ErrorClass Default: any `Error`.
 * @param msgMatches What the error's message must contain, colours aside on both sides, or the pattern it must match.
 * @throws {AssertionError} If it is no such error.
 */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ClassOf<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) throw failure(`Expected "error" to be an Error object`, msg);
  if (ErrorClass && !(error instanceof ErrorClass)) {
    const found: string | undefined = error.constructor?.name;
    throw failure(`Expected error to be instance of "${ErrorClass.name}", but was "${found}"`, msg);
  }
  if (!msgMatches || includes(error.message, msgMatches)) return;
  const wanted = typeof msgMatches === "string" ? JSON.stringify(msgMatches) : String(msgMatches);
  throw failure(`Expected error message to include ${wanted}, but got ${JSON.stringify(error.message)}`, msg);
}

/**
 * Calls `fn`, which must throw.
 *
 * @returns What it threw.
 * @throws {AssertionError} If it returns.
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Calls `fn`, which must throw an error of `ErrorClass`.
 *
 * @param msgIncludes What the error's message must contain.
 * @returns What it threw.
 * @throws {AssertionError} If it returns, or throws anything else.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ClassOf<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(fn: () => unknown, ...expected: Expectation): unknown {
  const { ErrorClass, msgIncludes, msg } = named(expected);
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    if (ErrorClass) check(thrown, "thrown", ErrorClass, msgIncludes, msg);
    return thrown;
  }
  throw failure("Expected function to throw", msg);
}

/**
 * Calls `fn`, whose promise must reject. An error thrown before there is a promise does not count.
 *
 * @returns What it rejected with.
 * @throws {AssertionError} If it resolves, or `fn` returns no promise.
 */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/**
 * Calls `fn`, whose promise must reject with an error of `ErrorClass`. An error thrown before there is a promise does
 * not count.
 *
 * @param msgIncludes What the error's message must contain.
 * @returns What it rejected with.
 * @throws {AssertionError} If it resolves, rejects with anything else, or `fn` returns no promise.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ClassOf<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(fn: () => PromiseLike<unknown>, ...expected: Expectation): Promise<unknown> {
  const { ErrorClass, msgIncludes, msg } = named(expected);
  let promise: unknown;
  try {
    promise = fn();
  } catch {
    // Whatever it threw, it never came to a promise: the failure below says so.
  }
  if (!isPromiseLike(promise)) throw failure("Function throws when expected to reject", msg);
  try {
    await promise;
  } catch (error) {
    if (ErrorClass) check(error, "rejected", ErrorClass, msgIncludes, msg);
    return error;
  }
  throw failure("Expected function to reject", msg);
}

/** The two ways to call `assertThrows` and `assertRejects`, after the function. */
type Expectation = [classOrMsg?: ClassOf<Error> | string, msgIncludesOrMsg?: string, msg?: string];

function named([classOrMsg, msgIncludesOrMsg, msg]: Expectation) {
  if (typeof classOrMsg === "string") return { msg: classOrMsg };
  const isOther = classOrMsg !== undefined && classOrMsg !== Error && !(classOrMsg?.prototype instanceof Error);
  if (isOther) return { msg: msgIncludesOrMsg }; // past the types: then whatever comes second is the test's own words
  return { ErrorClass: classOrMsg, msgIncludes: msgIncludesOrMsg, msg };
}

function check(
  error: unknown,
  how: "thrown" | "rejected",
  ErrorClass: ClassOf<Error>,
  msgIncludes: string | undefined,
  msg: string | undefined,
): void {
  if (!(error instanceof Error)) throw failure(`A non-Error object was ${how}`, msg);
  assertIsError(error, ErrorClass, msgIncludes, msg);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? value.constructor?.name ?? "Object" : typeof value;
}

function includes(message: string, wanted: string | RegExp): boolean {
  const plain = stripVTControlCharacters(message);
  return typeof wanted === "string" ? plain.includes(stripVTControlCharacters(wanted)) : wanted.test(plain);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

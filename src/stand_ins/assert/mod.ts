/**
 * Stands in for `jsr:@std/assert@1.0.19` where JSR can't be reached: the functions this project uses, with the
 * original's signatures and behaviour, over Deno's and Node's built-ins. Delete `links` from deno.json and the original
 * takes its place.
 * @module
 */
export { type ArrayLikeArg, assertArrayIncludes } from "./array_includes.ts";
export { AssertionError } from "./assertion_error.ts";
export { equal } from "./equal.ts";
export { assertEquals, assertNotEquals, assertStrictEquals } from "./equality.ts";
export { assertInstanceOf, assertIsError, assertRejects, assertThrows } from "./errors.ts";
export { assertObjectMatch } from "./object_match.ts";
export { assertGreater, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "./order.ts";
export { assertMatch, assertNotMatch, assertStringIncludes } from "./text.ts";
export { assert, assertExists, assertFalse, fail, type Falsy, unreachable } from "./truth.ts";

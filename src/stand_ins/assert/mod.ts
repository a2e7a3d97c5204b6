/**
 * Stands in for `jsr:@std/assert@1.0.19` where JSR can't be reached: the functions this project uses, with the
 * original's signatures and behaviour, over Deno's and Node's built-ins. Delete `links` from deno.json and the original
 * takes its place.
 * @module
 */
export { AssertionError } from "./assertion_error.ts";
export { equal } from "./equal.ts";
export { assertEquals, assertNotEquals, assertStrictEquals } from "./equality.ts";
export { assertInstanceOf, assertIsError, assertRejects, assertThrows } from "./errors.ts";
export { assertGreater, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "./order.ts";
export { assertMatch, assertStringIncludes } from "./text.ts";
export { assert, assertFalse, fail, type Falsy } from "./truth.ts";

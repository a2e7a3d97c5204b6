/** An assertion about part of an object. @module */
import { assertEquals } from "./equality.ts";

/**
 * Passes if `actual` has everything `expected` names, in depth; what else it has is ignored. Classes don't matter.
 * An array may go on after the members expected; in a set, members are compared by identity.
 *
 * @throws {AssertionError} If anything named differs or is missing.
 * @throws {TypeError} If one of them is no object.
 */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- as in the original: `unknown` would refuse objects typed by an interface
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  // Taken of itself, `expected` loses its classes just as `actual` does.
  assertEquals(partOf(actual, expected, new WeakMap()), partOf(expected, expected, new WeakMap()), msg);
}

/** Pairs whose comparison has begun: met again, the value stands for itself, which ends cycles. */
type Begun = WeakMap<object, object>;

/** A plain object with those properties of `value` that `wanted` has too; if they share none, with all of `value`. */
function partOf(value: object, wanted: object, begun: Begun): object {
  for (const side of [value, wanted]) {
    if (!isObject(side) && typeof side !== "function") {
      throw new TypeError(`Cannot assertObjectMatch ${side === null ? "null" : `type ${typeof side}`}`);
    }
  }
  if (begun.get(value) === wanted) return value;
  begun.set(value, wanted);
  const keys = Reflect.ownKeys(value), wantedKeys = Reflect.ownKeys(wanted);
  const shared = keys.filter((key) => Object.hasOwn(wanted, key));
  if (keys.length > 0 && wantedKeys.length > 0 && shared.length === 0) {
    return Object.fromEntries(keys.map((key) => [key, Reflect.get(value, key)]));
  }
  return Object.fromEntries(
    shared.map((key) => [key, memberOf(Reflect.get(value, key), Reflect.get(wanted, key), begun)]),
  );
}

function memberOf(value: unknown, wanted: unknown, begun: Begun): unknown {
  if (!isObject(value) || !isObject(wanted) || value instanceof RegExp || value instanceof Date) return value;
  if (Array.isArray(value) && Array.isArray(wanted)) {
    if (begun.get(value) === wanted) return value;
    begun.set(value, wanted);
    return Array.from(value.slice(0, wanted.length), (member, at) => memberOf(member, wanted[at], begun));
  }
  if (value instanceof Set && wanted instanceof Set) return value.intersection(wanted);
  if (value instanceof Map && wanted instanceof Map) {
    const shared = [...value].filter(([key]) => wanted.has(key));
    return new Map(shared.map(([key, entry]) => {
      const wantedEntry: unknown = wanted.get(key);
      return [key, isObject(entry) && isObject(wantedEntry) ? partOf(entry, wantedEntry, begun) : entry];
    }));
  }
  return partOf(value, wanted, begun);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

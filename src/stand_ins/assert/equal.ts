/** Equality in depth, the rule behind most assertions. @module */

/**
 * Whether two values are equal in depth. 0 equals -0, NaN equals NaN, and an object without a prototype equals a plain
 * one; otherwise prototypes must be the same. Order counts in arrays, not in sets, maps and the keys of an object; a key
 * that holds undefined differs from a missing one. An object of a class is compared by all it shows, getters included,
 * so what is private stays out. Functions are equal only to themselves.
 *
 * `util.isDeepStrictEqual` is no substitute: it tells 0 from -0, ignores getters and compares weak collections.
 *
 * @throws {TypeError} If a `WeakMap` or `WeakSet` meets another: nobody can list what is in them.
 */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, new Map());
}

/** Pairs whose comparison has begun. Meeting one again is a cycle, or a repeat the first comparison decides. */
type Begun = Map<object, object>;

function same(a: unknown, b: unknown, begun: Begun): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  const prototype = prototypeOf(a);
  if (prototype !== prototypeOf(b)) return false;
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${a instanceof WeakMap ? "WeakMap" : "WeakSet"} instances`);
  }
  if (a instanceof WeakRef && b instanceof WeakRef) return same(a.deref(), b.deref(), begun);
  const members = membersOf(a);
  if (members) return sameMembers(members, membersOf(b));

  if (begun.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  begun.set(a, b);
  if (a instanceof Map && b instanceof Map) return sameEntries(a, b, begun);
  if (a instanceof Set && b instanceof Set) return sameEntries(new Map(a.entries()), new Map(b.entries()), begun);
  if (SPELLED_OUT.has(prototype)) return String(a) === String(b);
  const isPlain = prototype === Object.prototype || prototype === Array.prototype;
  const keys = isPlain ? Reflect.ownKeys({ ...a, ...b }) : [...visibleKeys(a), ...visibleKeys(b)];
  return keys.every((key) => (key in a) === (key in b) && same(Reflect.get(a, key), Reflect.get(b, key), begun));
}

/** Built-ins whose text says all there is to compare. */
const SPELLED_OUT = new Set<unknown>(
  [
    Intl.Locale,
    RegExp,
    URL,
    URLSearchParams,
    Temporal.Duration,
    Temporal.Instant,
    Temporal.PlainDate,
    Temporal.PlainDateTime,
    Temporal.PlainMonthDay,
    Temporal.PlainTime,
    Temporal.PlainYearMonth,
    Temporal.ZonedDateTime,
  ].map((builtIn) => builtIn.prototype),
);

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function prototypeOf(value: object): unknown {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

/** The numbers a typed array or a buffer consists of; nothing for any other object. */
function membersOf(value: object): ArrayLike<number | bigint> | undefined {
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Uint8Array(value);
  return isTypedArray(value) ? value : undefined;
}

function isTypedArray(value: object): value is Uint8Array | BigUint64Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function sameMembers(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint> | undefined): boolean {
  if (a.length !== b?.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i] && !Object.is(a[i], b[i])) return false;
  }
  return true;
}

/** As in the original, one entry of `b` may serve for several of `a`. */
function sameEntries(a: Map<unknown, unknown>, b: Map<unknown, unknown>, begun: Begun): boolean {
  if (a.size !== b.size) return false;
  return a.entries().every(([key, value]) => {
    // A key that is no object equals only itself: no search, so 10,000 entries take no 100,000,000 comparisons.
    if (!isObject(key)) return b.has(key) && same(value, b.get(key), begun);
    return b.entries().some(([candidate, other]) => same(key, candidate, begun) && same(value, other, begun));
  });
}

/** All keys up the chain of prototypes, enumerable or not, short of those every object or array has. */
function* visibleKeys(value: object): Generator<string | symbol> {
  for (let at = value; at && at !== Object.prototype && at !== Array.prototype; at = Object.getPrototypeOf(at)) {
    yield* Reflect.ownKeys(at);
  }
}

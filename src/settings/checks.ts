/** Checks of settings: each is a function from the text of a setting to its value. @module */

/** Returns the value of a setting's text, or undefined if the text is wrong. */
export type Check<T> = (given: string) => T | undefined;

/** The longest wait a timer can count, in ms: 2^31 - 1. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

export const text: Check<string> = (given) => given;

export const flag: Check<boolean> = (given) => {
  const word = given.toLowerCase();
  if (["true", "yes", "on", "1"].includes(word)) return true;
  return ["false", "no", "off", "0"].includes(word) ? false : undefined;
};

export const webSocketUrl: Check<URL> = (given) => {
  const url = URL.parse(given);
  return url && /^wss?:$/.test(url.protocol) && url.hash === "" && !given.endsWith("#") ? url : undefined;
};

export const httpUrl: Check<URL> = (given) => {
  const url = URL.parse(given);
  // A lone % in a user name or password is refused: it may be a misspelt escape.
  return url && /^https?:$/.test(url.protocol) && !/[?#]|%(?![\da-f]{2})/i.test(given) ? url : undefined;
};

/** A URL that has a host, one of `schemes`, and neither query nor fragment. */
export function urlWith(schemes: readonly string[]): Check<URL> {
  return (given) => {
    const url = URL.parse(given);
    if (!url || /[?#]/.test(given) || url.hostname === "") return undefined;
    return schemes.includes(url.protocol.slice(0, -1)) ? url : undefined;
  };
}

/** Several of them, separated by commas, without paths. */
export function urlsWith(schemes: readonly string[]): Check<readonly URL[]> {
  const check = urlWith(schemes);
  return (given) => {
    const urls = given.split(",").map((part) => check(part.trim()));
    return urls.every((url) => url !== undefined && /^\/?$/.test(url.pathname))
      ? urls.filter((url) => url !== undefined)
      : undefined;
  };
}

/** Names separated by commas, at least one; blanks around them go. */
export const names: Check<string> = (given) => {
  const found = given.split(",").map((name) => name.trim());
  return found.includes("") ? undefined : found.join(",");
};

/** An HTTP URL without user name and password. */
export const bareHttpUrl: Check<URL> = (given) => {
  const url = httpUrl(given);
  return url && url.username + url.password === "" ? url : undefined;
};

/** 32 bytes, in hexadecimal digits or in base64. */
export const key: Check<Uint8Array> = (given) => {
  if (/^[0-9a-f]{64}$/i.test(given)) return Uint8Array.fromHex(given);
  try {
    const bytes = Uint8Array.fromBase64(given);
    return bytes.length === 32 ? bytes : undefined;
  } catch {
    // It is neither. The caller says what is expected, and shows nothing of the value.
    return undefined;
  }
};

/** A text with the given pattern. */
export function like(pattern: RegExp): Check<string> {
  return (given) => pattern.test(given) ? given : undefined;
}

/** One of `words`, in capitals or not. */
export function word<const Words extends readonly string[]>(words: Words): Check<Words[number]> {
  return (given) => words.find((word) => word === given.toLowerCase());
}

/** A whole number. */
export function whole(least: number, most: number = MAX_TIMER_MS): Check<number> {
  return (given) => /^\d+$/.test(given) ? within(least, most, Number(given)) : undefined;
}

/** How long each unit of a duration is, in ms. */
const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
/** One or more numbers with a unit each, as Go writes durations; `d` is a day. */
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[dhms]))+$/;

/** A time in whole milliseconds: a bare number of them, or a duration such as `90s` or `1h30m`. */
export function duration(leastMs: number, mostMs: number = MAX_TIMER_MS): Check<number> {
  return (given) => {
    if (/^\d+$/.test(given)) return within(leastMs, mostMs, Number(given));
    if (!DURATION.test(given)) return undefined;
    const parts = given.matchAll(/([\d.]+)(ms|[dhms])/g);
    const ms = parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNIT_MS[unit!]!, 0);
    return within(leastMs, mostMs, Math.round(ms));
  };
}

/** A decimal number. */
export function decimal(least: number, most: number): Check<number> {
  return (given) => /^\d+(\.\d+)?$/.test(given) ? within(least, most, Number(given)) : undefined;
}

function within(least: number, most: number, value: number): number | undefined {
  return value >= least && value <= most ? value : undefined;
}

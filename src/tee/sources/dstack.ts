/** dstack's guest agent, over its Unix socket: quotes of the virtual machine, and keys that belong to the app. @module */

import * as z from "zod";
import { toBase64Url } from "../../proof/evidence.ts";
import { describeIssues } from "../../zod_issues.ts";
import { exchange } from "./http.ts";
import { checkTdxQuote, excerptOf, isSame, QuoteError, type QuoteSource, REPORT_DATA_BYTES } from "./source.ts";

/** How to reach the guest agent. */
export interface DstackOptions {
  /** Path of its socket. */
  readonly socketPath: string;
  /** Milliseconds that a request may take; default 30,000: a quote takes seconds. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const KEY_BYTES = 32;

const hex = z.string().regex(/^(?:[0-9a-fA-F]{2})+$/, "expected bytes in hexadecimal digits");
/** `report_data` is absent in early versions; what belongs to other platforms is passed over. */
const quoteSchema = z.object({
  quote: z.string(),
  event_log: z.string().nullish(),
  report_data: z.string().nullish(),
  vm_config: z.string().nullish(),
});
const keySchema = z.object({ key: hex });
const errorSchema = z.object({ error: z.string() });

/**
 * Quotes by `POST /GetQuote`.
 *
 * The variable `DSTACK_SIMULATOR_ENDPOINT`, which dstack's own SDK obeys, changes nothing here: a host that sets it could
 * answer in the guest agent's place.
 *
 * @see https://github.com/Dstack-TEE/dstack/blob/master/sdk/curl/api.md
 */
export function dstackSource(options: DstackOptions): QuoteSource {
  return {
    name: `dstack at ${options.socketPath}`,
    async quote({ data }, signal) {
      const answer = await call(options, { method: "GetQuote", body: { report_data: data.toHex() } }, signal);
      const { quote, event_log, report_data, vm_config } = parse(quoteSchema, answer, "GetQuote");
      if (quote === "") throw new QuoteError("this platform gives no TDX quote, and no other kind is known here");
      const bytes = parse(hex, quote, "GetQuote: quote");
      const told = report_data ? Uint8Array.fromHex(parse(hex, report_data, "GetQuote: report_data")) : undefined;
      if (told && !isSame(told, padded(data))) {
        throw new QuoteError("the guest agent made a quote with other report data than was asked for");
      }
      const decoded = Uint8Array.fromHex(bytes);
      checkTdxQuote(decoded, data);
      return {
        format: "tdx-quote",
        quote: toBase64Url(decoded),
        ...event_log && { event_log },
        ...vm_config && { vm_config },
      };
    },
  };
}

/**
 * A key of 32 bytes by `POST /GetKey`: the same for the same app and path on any host, and nobody else's.
 *
 * @param key `path` and `purpose` name it. The algorithm does not separate keys, so each use has a path of its own.
 * @throws {QuoteError} If the guest agent gives none.
 */
export async function dstackKey(
  options: DstackOptions,
  key: { path: string; purpose: string },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const body = { ...key, algorithm: "ed25519" };
  const answer = await call(options, { method: "GetKey", body }, signal);
  const bytes = Uint8Array.fromHex(parse(keySchema, answer, "GetKey").key);
  if (bytes.length !== KEY_BYTES || bytes.every((byte) => byte === 0)) {
    throw new QuoteError(`GetKey: expected a key of ${KEY_BYTES} bytes that are not all zero`);
  }
  return bytes;
}

/** The JSON of a guest agent's response. Its message stands in the error where it has one; nothing else of it does. */
async function call(
  { socketPath, timeoutMs = TIMEOUT_MS }: DstackOptions,
  { method, body }: { method: "GetQuote" | "GetKey"; body: unknown },
  signal: AbortSignal,
): Promise<unknown> {
  const asked = { to: { socketPath }, method: "POST", path: `/${method}`, body: JSON.stringify(body) } as const;
  const { status, body: bytes } = await exchange({ ...asked, timeoutMs }, signal);
  const value = jsonOf(bytes);
  if (status === 200 && value !== undefined) return value;
  const said = errorSchema.safeParse(value);
  const reason = said.success ? `: ${excerptOf(said.data.error)}` : "";
  const what = status === 200
    ? `${method} was answered with no JSON`
    : `${method} was answered with ${status}${reason}`;
  // An error of the server may pass; a request that it does not take will not be taken later either.
  throw new QuoteError(what, { isPassing: status >= 500 });
}

/** @throws {QuoteError} Naming the fields that are wrong, without their values: one of them may be a key. */
function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new QuoteError(`${what} was answered in another form: ${describeIssues(parsed.error)}`);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The parser's message would quote the response.
    return undefined;
  }
}

function padded(data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(REPORT_DATA_BYTES);
  whole.set(data);
  return whole;
}

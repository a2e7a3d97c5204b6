/** The kernel's own reports, configfs-tsm, through a bind mount: Deno lets nobody read below /sys. @module */

import { Buffer } from "node:buffer";
import { basename } from "node:path";
import { backoffDelayMs, type Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { kindOf } from "../../files.ts";
import { toBase64Url } from "../../proof/evidence.ts";
import { checkTdxQuote, QuoteError, type QuoteSource } from "./source.ts";

/** Where reports are made. */
export interface TsmOptions {
  /**
   * The report directory, in which an entry is made for each request, or one entry that somebody else made and gave to
   * this user: it has a file `inblob`.
   */
  readonly path: string;
  readonly clock: Clock;
  /** A name for a new entry; default: random. */
  readonly entryName?: () => string;
}

/** The provider whose reports are TDX quotes. */
const PROVIDER = "tdx_guest";
/** Largest `outblob` of the kernel. */
const MAX_BYTES = 32 * 1024;
/** Tries of one request. The kernel waits up to 30 s for the host in each. */
const TRIES = 4;
const BASE_MS = 200;
/** What the kernel says where another request is under way, or a signal or the host came in between. */
const PASSING = ["EBUSY", "EINTR", "ETIMEDOUT"];

/**
 * Quotes by configfs-tsm: an entry is made, 64 bytes are written to its `inblob`, and its `outblob` is read.
 *
 * The kernel throws an error of the write away, so that an old report could be read. Therefore `generation` must have
 * grown by exactly one, and the quote must carry the data that was asked for.
 *
 * @see https://docs.kernel.org/ABI/testing/configfs-tsm-report (Documentation/ABI/testing/configfs-tsm-report)
 */
export function tsmSource(options: TsmOptions): QuoteSource {
  const { path, clock } = options;
  return {
    name: `configfs-tsm at ${path}`,
    async quote({ data }, signal) {
      for (let tries = 1;; tries++) {
        signal.throwIfAborted();
        try {
          const quote = await report(options, data);
          return { format: "tdx-quote", quote: toBase64Url(quote) };
        } catch (error) {
          const failed = explain(error);
          if (!failed.isPassing || tries === TRIES) throw failed;
          await clock.sleep(backoffDelayMs(tries, { baseMs: BASE_MS }), signal);
        }
      }
    },
  };
}

/** One report, in an entry of its own or the one that is there. */
async function report({ path, entryName = randomName }: TsmOptions, data: Uint8Array): Promise<Uint8Array> {
  if (await isThere(`${path}/inblob`)) return await reportIn(path, data);
  const entry = `${path}/${entryName()}`;
  await Deno.mkdir(entry);
  try {
    return await reportIn(entry, data);
  } finally {
    // The files in it can't be removed one by one: they go with the directory.
    await Deno.remove(entry);
  }
}

async function reportIn(entry: string, data: Uint8Array): Promise<Uint8Array> {
  const provider = (await readText(`${entry}/provider`)).trim();
  if (provider !== PROVIDER) {
    throw new QuoteError(`expected the provider ${PROVIDER}, got ${JSON.stringify(provider.slice(0, 40))}`);
  }
  const before = await generationOf(entry);
  await writeOnce(`${entry}/inblob`, data);
  const quote = await readBounded(`${entry}/outblob`);
  const after = await generationOf(entry);
  if (after === before) throw new QuoteError("the kernel did not take the report data", { isPassing: true });
  if (after !== before + 1) {
    throw new QuoteError("somebody else wrote to the same entry meanwhile", { isPassing: true });
  }
  checkTdxQuote(quote, data);
  return quote;
}

/** All bytes in one write, as the kernel takes them when the file is closed. Nothing is created or cut off. */
async function writeOnce(path: string, data: Uint8Array): Promise<void> {
  const file = await openPlain(path, { write: true });
  using _file = file;
  const written = await file.write(data);
  if (written !== data.length) throw new QuoteError(`the kernel took ${written} of ${data.length} bytes`);
}

async function generationOf(entry: string): Promise<number> {
  const text = (await readText(`${entry}/generation`)).trim();
  if (!/^\d{1,15}$/.test(text)) throw new QuoteError("generation: expected a number");
  return Number(text);
}

async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readBounded(path));
}

async function readBounded(path: string): Promise<Uint8Array> {
  using file = await openPlain(path, { read: true });
  const chunks: Uint8Array[] = [];
  for (let bytes = 0;;) {
    const chunk = new Uint8Array(4096), read = await file.read(chunk);
    if (read === null) return new Uint8Array(Buffer.concat(chunks));
    bytes += read;
    if (bytes > MAX_BYTES) throw new QuoteError(`a file has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk.subarray(0, read));
  }
}

/**
 * Open a file that must be a plain one. To open a FIFO waits for its other end, which nothing ends; and an open for writing
 * alone follows a link out of all permissions.
 */
async function openPlain(path: string, options: Deno.OpenOptions): Promise<Deno.FsFile> {
  const info = await Deno.lstat(path);
  if (info.isFile) return await Deno.open(path, options);
  throw new QuoteError(`${basename(path)} is ${kindOf(info)}, not a plain file`);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function randomName(): string {
  return `agent-${crypto.randomUUID()}`;
}

/** What the file system refused, as an error of the source. */
function explain(error: unknown): QuoteError {
  if (error instanceof QuoteError) return error;
  const code = codeOf(error);
  const hint = HINTS[code];
  return new QuoteError(hint === undefined ? messageOf(error) : `${hint} (${code})`, {
    isPassing: PASSING.includes(code),
    cause: error,
  });
}

/** The name of the system's error. Deno gives some of them no `code`, EINTR and ENXIO among them (2.7.11 and 2.9.6). */
function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  const [, number = ""] = /\(os error (\d+)\)/.exec(messageOf(error)) ?? [];
  return LINUX_ERRORS[number] ?? "";
}

const LINUX_ERRORS: Readonly<Record<string, string>> = {
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  16: "EBUSY",
  110: "ETIMEDOUT",
};

/** What the kernel means by its errors. @see drivers/virt/coco/guest/report.c and fs/configfs/file.c of Linux */
const HINTS: Readonly<Record<string, string>> = {
  EBUSY: "an earlier request is still with the host",
  EINTR: "the request was interrupted",
  ETIMEDOUT: "the host did not answer the kernel's request",
  ENXIO: "no provider of reports is registered with the kernel",
  EIO: "the host refused the kernel's request",
  EACCES: "this user may not use the report's files: have root make an entry and give it to the agent",
  EPERM: "this user may not use the report's files: have root make an entry and give it to the agent",
  ENOENT: "there is no report directory of configfs-tsm",
};

/** The evidence of this process: one for its start, and one for each challenge, with at most one quote in ten seconds. @module */

import type { Clock } from "../clock.ts";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { type Claims, encodeClaims, type Evidence, reportData } from "../proof/evidence.ts";
import { askPatiently } from "./sources/retrying.ts";
import { QuoteError, type QuoteSource } from "./sources/source.ts";

/** What evidence is made of. */
export interface AttestingOptions {
  /** Where quotes come from; undefined outside of a TEE. */
  readonly source: QuoteSource | undefined;
  readonly claims: Omit<Claims, "iat" | "eat_nonce">;
  /** Who insists on a quote, as the subject of a sentence, such as `TEE=required`; undefined if nobody does. */
  readonly requiredBy?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** What became of a challenge. */
export type ChallengeAnswer = { readonly evidence: Evidence } | { readonly error: string };

/** The evidence of this process. */
export interface Attesting extends Disposable {
  /** The evidence of the start. */
  readonly evidence: Evidence;
  /**
   * Evidence with a nonce in its claims.
   *
   * Evidence without a quote is there at once. Quotes are made at least ten seconds apart, not counting that of the start:
   * the newest challenge waits, an older one that still waits is told so. The same nonce again gets the same evidence.
   */
  challenge(nonce: string): Promise<ChallengeAnswer>;
}

/** Milliseconds between the beginnings of two quotes that challenges ask for. */
export const LEAST_MS_BETWEEN_QUOTES = 10_000;

/**
 * Make the evidence of this start.
 *
 * Where a source gives no quote and nobody requires one, the evidence says `none`, and challenges ask the source again.
 *
 * @throws {FatalError} 69, if a quote is required and there is none.
 */
export async function startAttesting(options: AttestingOptions, signal: AbortSignal): Promise<Attesting> {
  const { source, requiredBy, log } = options;
  if (!source && requiredBy !== undefined) {
    throw new FatalError(
      `${requiredBy} asks for a quote, and there is no source of one here. Mount dstack's socket or a report directory of ` +
        "configfs-tsm, or name a source in AGENT_QUOTE_SOURCE; where something else vouches for the enclave, set it to none.",
      EXIT.unavailable,
    );
  }
  const ending = new AbortController();
  const evidence = await firstEvidence(options, signal);
  // Outside of a TEE nobody expects a quote: there `--check` tells that there is none.
  log[source ? "info" : "debug"]("🪪 Evidence: {format}", { format: evidence.format, source: source?.name ?? "none" });
  const answer = source
    ? oneAtATime((nonce) => answerWith(options, { nonce, signal: ending.signal }), {
      clock: options.clock,
      signal: ending.signal,
    })
    : (nonce: string) => answerWith(options, { nonce, signal: ending.signal });
  return { evidence, challenge: answer, [Symbol.dispose]: () => ending.abort() };
}

async function firstEvidence(options: AttestingOptions, signal: AbortSignal): Promise<Evidence> {
  const { source, requiredBy, clock, log } = options;
  const make = () => makeEvidence(options, { signal });
  if (!source) return await make();
  try {
    return await askPatiently(make, { name: source.name, clock, log, signal });
  } catch (error) {
    if (!(error instanceof QuoteError)) throw error;
    if (requiredBy === undefined) {
      log.error("no quote: the evidence says none", { source: source.name, error: error.message });
      return await makeEvidence({ ...options, source: undefined }, { signal });
    }
    throw new FatalError(
      `${requiredBy} asks for a quote, and ${source.name} gives none: ${error.message}. No event was taken.`,
      EXIT.unavailable,
      { cause: error },
    );
  }
}

async function answerWith(
  options: AttestingOptions,
  { nonce, signal }: { nonce: string; signal: AbortSignal },
): Promise<ChallengeAnswer> {
  try {
    return { evidence: await makeEvidence(options, { nonce, signal }) };
  } catch (error) {
    if (signal.aborted) return { error: "the agent is shutting down" };
    if (!(error instanceof QuoteError)) throw error;
    options.log.warn("a challenge gets no quote", { source: options.source?.name, error: messageOf(error) });
    return { error: "there is no quote now: see the agent's log" };
  }
}

async function makeEvidence(
  { source, claims, clock }: AttestingOptions,
  { nonce, signal }: { nonce?: string; signal: AbortSignal },
): Promise<Evidence> {
  const iat = Math.floor(clock.now() / 1000);
  const { bytes, text } = encodeClaims({ ...claims, iat, ...nonce !== undefined && { eat_nonce: nonce } });
  if (!source) return { format: "none", claims: text };
  const data = reportData(bytes);
  const { format, ...quoted } = await source.quote({ data, ...nonce !== undefined && { nonce } }, signal);
  return { format, claims: text, ...quoted };
}

/** A challenge that is being answered, or waits for that. */
interface Open extends PromiseWithResolvers<ChallengeAnswer> {
  readonly nonce: string;
}

/** Answer one challenge at a time and not too often; of those that wait, the newest. */
function oneAtATime(
  make: (nonce: string) => Promise<ChallengeAnswer>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): (nonce: string) => Promise<ChallengeAnswer> {
  let newest: Open | undefined, waiting: Open | undefined, isRunning = false;
  const isOver = { error: "the agent is shutting down" };

  async function run() {
    isRunning = true;
    for (let open = waiting; open && !signal.aborted; open = waiting) {
      waiting = undefined;
      // By a timer alone, since the time of day is the host's.
      const rest = clock.sleep(LEAST_MS_BETWEEN_QUOTES, signal);
      try {
        const answer = await make(open.nonce);
        // Whoever asks again after an error gets another try.
        if ("error" in answer && newest === open) newest = undefined;
        open.resolve(answer);
      } catch (error) {
        open.reject(error);
      }
      await rest;
    }
    isRunning = false;
    waiting?.resolve(isOver);
    waiting = undefined;
  }

  return (nonce) => {
    if (signal.aborted) return Promise.resolve(isOver);
    if (newest?.nonce === nonce) return newest.promise;
    waiting?.resolve({ error: "a newer challenge came before this one was answered" });
    newest = waiting = { nonce, ...Promise.withResolvers<ChallengeAnswer>() };
    if (!isRunning) void run();
    return newest.promise;
  };
}

/** The parts that the handlers of the REST interface share, and their refusals. @module */

import { z } from "zod";
import type { Clock } from "../../clock.ts";
import type { Checked } from "../../wire.ts";
import { describeIssues } from "../../zod_issues.ts";
import type { Dispatch } from "../dispatch.ts";
import type { Figures } from "../figures.ts";
import { json } from "../http.ts";
import type { Asked, Ledger } from "../ledger.ts";
import type { Limits } from "../limits.ts";

/** The parts that requests are answered from. */
export interface ApiOptions {
  /** The token that requests must bring; none where this is left out. */
  readonly token?: string;
  readonly dispatch: Dispatch;
  readonly ledger: Ledger;
  readonly figures: Figures;
  readonly limits: Limits;
  readonly waits: Waits;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  /** Send a frame to every authenticated agent. Returns how many there are. */
  readonly tellAgents: (frame: string) => number;
  /** The server stops: whoever waits is answered with what there is. */
  readonly stopping: AbortSignal;
}

/** A request, and the parts of its address. */
export interface Call {
  readonly request: Request;
  readonly search: URLSearchParams;
  /** The part of the path in the place of `{id}`, decoded. */
  readonly id: string;
}

/** The requests that wait for something. */
export interface Waits {
  /** @returns Whether there is room for one more; if so, {@linkcode Waits.leave} must be called. */
  enter(): boolean;
  leave(): void;
}

/** Room for `limit` requests that wait. */
export function createWaits(limit: number): Waits {
  let waiting = 0;
  return {
    enter: () => waiting < limit && ++waiting > 0,
    leave: () => void waiting--,
  };
}

/** A refusal. */
export function failure(status: number, error: string, headers: Record<string, string> = {}): Response {
  return json(status, { success: false, error }, headers);
}

/** There is no room for one more request that waits. */
export function tooManyWaits({ limits }: ApiOptions): Response {
  const error = `The limit of ${limits.waits} requests that wait for answers is reached. Try again later.`;
  return failure(503, error, { "retry-after": "5" });
}

/** The event of this id. A sample, which each agent gets, is the one that was asked last. */
export function findEvent(id: string, { ledger }: ApiOptions): Asked | undefined {
  return ledger.get(id) ?? [...ledger.all()].findLast(({ event }) => event.id === id);
}

/** There is no such event. */
export function unknownEvent({ limits }: ApiOptions): Response {
  return failure(404, `No such event is known. Of those answered, the latest ${limits.kept} are kept.`);
}

/** The parameters of a request, checked. */
export function parseSearch<T>(schema: z.ZodType<T>, search: URLSearchParams): Checked<T> {
  const parsed = schema.safeParse(Object.fromEntries(search));
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, reason: describeIssues(parsed.error) };
}

/** A signal that aborts when one of these does. `AbortSignal.any` is lost to the garbage collector on Deno 2.7.11. */
export function eitherOf(...signals: readonly AbortSignal[]): AbortController {
  const either = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) either.abort();
    signal.addEventListener("abort", () => either.abort(), { once: true, signal: either.signal });
  }
  return either;
}

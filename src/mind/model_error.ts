/** What can go wrong with a model, sorted by what helps. @module */

/**
 * - `unavailable`: the provider is down or busy, for everybody: it may answer later.
 * - `faulty`: it answered, and the answer can't be used: another try may go better.
 * - `refused`: the same request will never be answered.
 */
export type FailureKind = "unavailable" | "faulty" | "refused";

/** When the provider wants to be asked again. */
export type RetryAfter = { readonly inMs: number } | { readonly atMs: number };

/** Details of a failure, for whoever can ask in another way. */
export interface FailureDetails {
  /** The HTTP status, or the one that an error in a stream names. */
  readonly status?: number;
  /** Fields of requests that the server's error names, as it does with those that it does not take. */
  readonly fields?: readonly string[];
  /** The request is larger than the window, and the server's numbers, in tokens, as far as it tells them. */
  readonly tooLarge?: { readonly window?: number; readonly promptTokens?: number };
  /** Several answers together have outgrown a window that the server shares among them. */
  readonly outgrown?: boolean;
  /** A time limit passed before anything came: the server is gone, or the request waited there behind others. */
  readonly isUnheard?: boolean;
}

/** No answer from a model. The message is for everybody: no key, no query and no text of the provider's. */
export class ModelError extends Error {
  override name = "ModelError";
  readonly kind: FailureKind;
  readonly retryAfter?: RetryAfter;
  readonly details: FailureDetails;

  constructor(
    kind: FailureKind,
    message: string,
    options: ErrorOptions & { retryAfter?: RetryAfter | undefined; details?: FailureDetails } = {},
  ) {
    super(message, options);
    this.kind = kind;
    if (options.retryAfter) this.retryAfter = options.retryAfter;
    this.details = options.details ?? {};
  }
}

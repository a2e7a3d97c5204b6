/** What can go wrong with a model, sorted by what helps. @module */

/**
 * - `unavailable`: the provider is down or busy, for everybody: it may answer later.
 * - `faulty`: it answered, and the answer can't be used: another try may go better.
 * - `refused`: the same request will never be answered.
 */
export type FailureKind = "unavailable" | "faulty" | "refused";

/** When the provider wants to be asked again. */
export type RetryAfter = { readonly inMs: number } | { readonly atMs: number };

/** No answer from a model. The message is for everybody: no key, no query and nothing that the provider wrote. */
export class ModelError extends Error {
  override name = "ModelError";
  readonly kind: FailureKind;
  readonly retryAfter?: RetryAfter;

  constructor(
    kind: FailureKind,
    message: string,
    options: ErrorOptions & { retryAfter?: RetryAfter | undefined } = {},
  ) {
    super(message, options);
    this.kind = kind;
    if (options.retryAfter) this.retryAfter = options.retryAfter;
  }
}

/** What a model server has refused, remembered, so that it is not sent twice; and asking again without it. @module */

import { type FailureDetails, ModelError } from "../model_error.ts";

/** What is known of a server and its model. */
export interface Known {
  /** Fields of a request that it does not take, `system` for the role of that name. */
  readonly refused: ReadonlySet<string>;
  /** Its window in tokens, if it has told one. */
  readonly window?: number | undefined;
  /** Real tokens for each estimated one; of one prompt alone, for others have other words. */
  readonly scale: number;
}

/** A request as it was sent. */
export interface Sent {
  /** Fields that may be left out of it. */
  readonly fields: ReadonlySet<string>;
  /** About how many tokens its prompt takes, before scaling. */
  readonly tokens: number;
  /** How many it may take, scaled. */
  readonly budget?: number;
  /** How many the answer may have; absent where none is asked for. */
  readonly maxTokens?: number;
}

/** Remembers what a server has refused. */
export interface Learner {
  readonly known: Known;
  /**
   * Ask, and ask again in another way as long as the server's errors say in which.
   *
   * @param ask Asks with what is known, and calls `sent` before it does. What was learnt is kept once it succeeds: an
   * error may quote a question that only looks like such a complaint.
   * @throws The first error that nothing can be learnt from.
   */
  ask<T>(ask: (known: Known, sent: (request: Sent) => void) => Promise<T>): Promise<T>;
}

/** Times that one request is changed, at most. */
const MAX_CHANGES = 6;
/** How much smaller a prompt is made, where the server does not say by how much it is too large. */
const SHRINK = 1.5;
/** Room that is left above the server's own count of a prompt. */
const MARGIN = 1.05;

/** A learner that knows nothing but, maybe, the window. */
export function createLearner({ window }: { window?: number | undefined } = {}): Learner {
  let known: Known = { refused: new Set(), window, scale: 1 };
  return {
    get known() {
      return known;
    },
    async ask(ask) {
      let trial = known;
      let last: { readonly error: ModelError; readonly sent: Sent } | undefined;
      for (let changes = 0;; changes++) {
        let sent: Sent | undefined;
        const note = (request: Sent) => {
          // With nothing left to leave out, the same request would be refused again.
          if (last?.error.details.tooLarge && !isSmaller(request, last.sent)) throw last.error;
          sent = request;
        };
        try {
          const result = await ask(trial, note);
          known = {
            refused: new Set([...known.refused, ...trial.refused]),
            window: smaller(known.window, trial.window),
            scale: 1,
          };
          return result;
        } catch (error) {
          // What is left can't be made any smaller: the server's own error says more than that.
          if (!sent && last?.error.details.tooLarge && error instanceof ModelError) throw last.error;
          if (!(error instanceof ModelError) || !sent || changes >= MAX_CHANGES) throw error;
          const changed = changedBy(error, trial, sent);
          if (!changed) throw error;
          last = { error, sent };
          trial = changed;
        }
      }
    },
  };
}

function isSmaller(one: Sent, other: Sent): boolean {
  return one.tokens < other.tokens || (one.maxTokens ?? 0) < (other.maxTokens ?? 0);
}

/** What is to be tried after an error; undefined if it says nothing new. */
function changedBy({ details }: ModelError, trial: Known, sent: Sent): Known | undefined {
  const { fields = [], tooLarge } = details;
  if (tooLarge) return madeSmaller(tooLarge, trial, sent);
  const refused = fields.filter((name) => sent.fields.has(name) && !trial.refused.has(name));
  return refused.length > 0 ? { ...trial, refused: new Set([...trial.refused, ...refused]) } : undefined;
}

/** A smaller prompt. What a server says of its size names fields too, as vLLM does, and refuses none of them. */
function madeSmaller(tooLarge: NonNullable<FailureDetails["tooLarge"]>, trial: Known, sent: Sent): Known {
  const window = smaller(trial.window, tooLarge.window);
  const told = tooLarge.promptTokens === undefined ? 0 : MARGIN * tooLarge.promptTokens / Math.max(1, sent.tokens);
  // The server may have a far smaller window than is set: only as a share of the budget does it become smaller for sure.
  const shrunk = SHRINK * Math.max(trial.scale, (sent.budget ?? 0) / Math.max(1, sent.tokens));
  const scale = Math.max(trial.scale, told, window === trial.window ? shrunk : 0);
  return { ...trial, window, scale };
}

function smaller(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

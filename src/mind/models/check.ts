/** Whether the model can be used: at the start, before an event comes to harm, and for `--check`. @module */

import { EXIT, FatalError, messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { publicUrl } from "../../urls.ts";
import { ModelError } from "../model_error.ts";
import type { ModelOptions } from "./options.ts";
import { checkModel } from "./providers.ts";

/** How long the start waits for the server to say that it knows the model, in milliseconds. */
const START_MS = 5_000;

/**
 * A wrong key or model would end every event in an error, so it ends the start. A server that is down is no reason not
 * to start, for it may come.
 *
 * @throws {FatalError} If the server refuses us.
 */
export async function checkModelAtStart(model: ModelOptions, log: Log, stop: AbortSignal): Promise<void> {
  if (model.provider === "embedded") return;
  const enough = AbortSignal.timeout(START_MS);
  try {
    await checkModel(model, AbortSignal.any([stop, enough]));
    log.info("🧠 Model: {model}", { model: model.model, provider: model.provider, url: publicUrl(model.url) });
  } catch (error) {
    if (stop.aborted) return;
    if (error instanceof ModelError && error.kind === "refused") throw refusal(error);
    if (!(error instanceof ModelError) && !enough.aborted) throw error;
    log.warn("the model can't be checked now: events wait until it answers", { error: messageOf(error) });
  }
}

/**
 * A line that says that the model can be used.
 *
 * @throws {FatalError} If it can't.
 */
export async function describeModel(model: ModelOptions): Promise<string> {
  try {
    return `model: usable (${await checkModel(model, new AbortController().signal)})`;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    if (error.kind === "refused") throw refusal(error);
    throw new FatalError(`${error.message}. Is it running, and is the address right?`, EXIT.unavailable, {
      cause: error,
    });
  }
}

function refusal(error: ModelError): FatalError {
  return new FatalError(`The model can't be used. ${error.message}.`, EXIT.settings, { cause: error });
}

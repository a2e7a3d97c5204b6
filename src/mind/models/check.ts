/** Checks of the model: at the start, before an event comes to harm, and for `--check`. @module */

import { EXIT, FatalError, messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { publicUrl } from "../../urls.ts";
import { ModelError } from "../model_error.ts";
import type { ModelOptions } from "./options.ts";
import { checkModel } from "./providers.ts";

/** How long the start waits for the server to say that it knows the model, in milliseconds. */
const START_MS = 5_000;

/**
 * Check the model before any event is taken: a wrong key or model would end every event in an error, so it ends the
 * start. A server that is down does not, for it may come.
 *
 * @returns The options to be used, with what the server told.
 * @throws {FatalError} If the server refuses us.
 */
export async function checkModelAtStart(model: ModelOptions, log: Log, stop: AbortSignal): Promise<ModelOptions> {
  if (model.provider === "embedded") return model;
  const enough = AbortSignal.timeout(START_MS);
  const signal = AbortSignal.any([stop, enough]);
  try {
    const { options, warnings } = await checkModel(model, signal, { asksIt: false });
    log.info("🧠 Model: {model}", { model: model.model, provider: model.provider, url: publicUrl(model.url) });
    for (const warning of warnings) log.warn("the model will not do all that the settings ask", { warning });
    return options;
  } catch (error) {
    if (stop.aborted) return model;
    if (error instanceof ModelError && error.kind === "refused") throw refusal(error);
    if (!(error instanceof ModelError) && !enough.aborted) throw error;
    log.warn("the model can't be checked now: events wait until it answers", { error: messageOf(error) });
    return model;
  }
}

/**
 * Lines that say that the model can be used, and what it will not do. The model is asked for one word.
 *
 * @throws {FatalError} If it can't be used.
 */
export async function describeModel(model: ModelOptions): Promise<string[]> {
  try {
    const { description, warnings } = await checkModel(model, new AbortController().signal, { asksIt: true });
    return [`model: usable (${description})`, ...warnings.map((warning) => `model: but ${warning}`)];
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

/** The error of a failed assertion, and how its sentence ends. @module */

/** What a failed assertion throws, so that a test runner can tell it from a bug in the code under test. */
export class AssertionError extends Error {
  override name = "AssertionError";

  /** @param message What was expected and what was found. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * An error that reads `sentence: msg`, or `sentence.` if the test gave no words of its own.
 *
 * @param details Follows the end of the sentence, with the line breaks it brings along; default nothing.
 */
export function failure(sentence: string, msg: string | undefined, details = ""): AssertionError {
  return new AssertionError(`${sentence}${msg ? `: ${msg}` : "."}${details}`);
}

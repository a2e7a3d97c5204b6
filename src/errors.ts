/** The error class that ends the program, and its exit codes. @module */

/**
 * Exit codes, from sysexits.h where it has a fitting one. 0 is a clean stop; 70 (EX_SOFTWARE) is a bug of the agent: any
 * error that reaches `main.ts` and is no {@linkcode FatalError}.
 */
export const EXIT = {
  /** Wrong arguments (EX_USAGE). */
  usage: 64,
  /** As a task: an event of the input could not be answered (EX_DATAERR). */
  unanswered: 65,
  /** The peer is out of reach (EX_UNAVAILABLE). */
  unavailable: 69,
  /** A bug of ours (EX_SOFTWARE). */
  bug: 70,
  /** Input or output failed (EX_IOERR). */
  inputOutput: 74,
  /** A setting is wrong (EX_CONFIG). */
  settings: 78,
} as const;

/** An error that the program can't recover from: `main.ts` prints its message and exits with its code. */
export class FatalError extends Error {
  override name = "FatalError";
  readonly exitCode: number;

  /**
   * @param message What failed, on what, why, and what to do about it.
   * @param exitCode One of {@linkcode EXIT}.
   */
  constructor(message: string, exitCode: typeof EXIT[keyof typeof EXIT], options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

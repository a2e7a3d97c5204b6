/** What `deno task ask` is told on its command line. @module */

import { parseArgs } from "node:util";
import { argumentsMessage, refuseRepeated } from "../../arguments_error.ts";

/** Questions of a load are made beforehand, and must fit into memory. */
const MOST = 100_000;
/** The question of a load that names none. */
const USUAL_QUESTION = "What is iExec?";

export const HELP = `Sends a question to the agents and prints the answer.

Usage: deno task ask [OPTIONS] QUESTION

It goes over the transport that the settings name (EVENT_TRANSPORT and those that belong to it, from the environment or
.env, as for the agent): into the file of events, to the test server, or into a queue.

  --stream             print the answer as it grows, where the transport can carry that
  --conversation NAME  the conversation that the question belongs to
  --wait SECONDS       give up after this time (default: wait until Ctrl+C)
  --count N            a load: send N questions, print throughput and latency
  --rate R             with --count: questions a second (default: all at once)
  --help               print this and exit

The answer goes to stdout, everything else to stderr. It exits with 0 if every question was answered, and with 1 if not.`;

/** What is to be done. */
export type Command = { readonly help: true } | { readonly wrong: string } | {
  readonly question: string;
  readonly stream: boolean;
  readonly conversation: string | undefined;
  /** Milliseconds; Infinity: as long as it takes. */
  readonly waitMs: number;
  /** `rate`: questions a second; Infinity: all at once. */
  readonly load: { readonly count: number; readonly rate: number } | undefined;
};

/** Read the arguments; several words without quotes are one question. */
export function readCommand(args: readonly string[]): Command {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        stream: { type: "boolean", default: false },
        conversation: { type: "string" },
        wait: { type: "string" },
        count: { type: "string" },
        rate: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
      tokens: true,
    });
    refuseRepeated({ tokens, values });
    if (values.help) return { help: true };
    const { count, rate, wait, stream, conversation } = values;
    const given = positionals.join(" ").trim();
    if (given === "" && count === undefined) return { wrong: 'expected a question, such as "What is iExec?".' };
    if (rate !== undefined && count === undefined) return { wrong: "--rate goes with --count." };
    if (stream && count !== undefined) return { wrong: "--stream goes with one question, not with --count." };
    const waitMs = wait === undefined ? Infinity : 1_000 * numberOf(wait);
    if (!(waitMs > 0)) return { wrong: `--wait must be a number of seconds above 0, got ${wait}.` };
    const load = count === undefined
      ? undefined
      : { count: numberOf(count), rate: rate === undefined ? Infinity : numberOf(rate) };
    if (load && !(Number.isInteger(load.count) && load.count >= 1 && load.count <= MOST)) {
      return { wrong: `--count must be a whole number from 1 to ${MOST}, got ${count}.` };
    }
    if (load && !(load.rate > 0)) return { wrong: `--rate must be a number above 0, got ${rate}.` };
    return { question: given || USUAL_QUESTION, stream, conversation, waitMs, load };
  } catch (error) {
    if (error instanceof TypeError) return { wrong: `${argumentsMessage(error)}.` };
    throw error;
  }
}

/** A number in decimal digits, as people write it; NaN if it is none. */
function numberOf(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
}

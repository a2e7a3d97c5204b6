/** What a long `events.json` costs beside a short one: the real program, as a task. @module */

import { makeFolder } from "../support/folder.ts";
import { runTask } from "./knowledge.ts";

/** Of one file. */
export interface FileRun {
  /** Processor time of the whole run, in milliseconds. */
  readonly ms: number;
  /** The most memory that it held, in megabytes (10⁶ bytes). */
  readonly peakMb: number;
  /** Bytes of the state directory for each event, and of `responses.json`. */
  readonly stateBytes: number;
  readonly responsesBytes: number;
}

/** Conversations that the events are spread over. */
const USERS = 1_000;
/** Characters that are written at a time. */
const WRITTEN_TOGETHER = 1_000_000;

/** Have a file of `count` events answered. */
export async function fileRun(count: number): Promise<FileRun> {
  await using folder = makeFolder();
  const { path } = folder;
  Deno.mkdirSync(`${path}/iexec_in`);
  writeEvents(`${path}/iexec_in/events.json`, count);
  const { ms, peakMb } = await runTask(path, {});
  const files = [...Deno.readDirSync(`${path}/.agent`)].map(({ name }) => Deno.statSync(`${path}/.agent/${name}`).size);
  return {
    ms,
    peakMb,
    stateBytes: files.reduce((sum, size) => sum + size, 0) / count,
    responsesBytes: Deno.statSync(`${path}/iexec_out/responses.json`).size / count,
  };
}

function writeEvents(path: string, count: number): void {
  using file = Deno.openSync(path, { write: true, createNew: true });
  const encoder = new TextEncoder();
  let text = "[";
  for (let n = 0; n < count; n++) {
    const event = { id: `q${n}`, query: "What is iExec?", timestamp: n, metadata: { userId: `u${n % USERS}` } };
    text += `${n === 0 ? "" : ","}\n${JSON.stringify(event)}`;
    if (text.length < WRITTEN_TOGETHER && n < count - 1) continue;
    file.writeSync(encoder.encode(text));
    text = "";
  }
  file.writeSync(encoder.encode("\n]\n"));
}

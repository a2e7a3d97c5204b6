/** How long one event takes, from the question to the answer, with the real program and nothing else to do. @module */

import { setTimeout as pause } from "node:timers/promises";
import { readEntries, startAgent } from "../support/agent.ts";
import { startServer } from "../support/server.ts";
import { openAnswered } from "./answered.ts";
import { ourAgent, startClient } from "./peer.ts";
import { makeFolder } from "../support/folder.ts";

/** Milliseconds between two events: long enough that each one meets an idle agent. */
const PAUSE_MS = 100;

/** Milliseconds from the last byte of `events.json` being written to the answer being readable, `count` times. */
export async function fileLatencies(count: number): Promise<number[]> {
  await using folder = makeFolder();
  const input = `${folder.path}/iexec_in/events.json`, output = `${folder.path}/iexec_out/responses.json`;
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  await using agent = await startAgent({ folder: folder.path });
  await agent.logged("{path} is not there: waiting for it");
  const events: unknown[] = [], latencies: number[] = [];
  for (let n = 1; n <= count; n++) {
    await pause(PAUSE_MS);
    events.push({ id: `q${n}`, query: "What is iExec?", timestamp: Date.now() });
    Deno.writeTextFileSync(input, JSON.stringify(events));
    const writtenMs = performance.now();
    // Looking as often as it goes, since a notice of the change would add its own delay.
    while ((readEntries(output)?.length ?? 0) < n) await pause(0);
    latencies.push(performance.now() - writtenMs);
  }
  return latencies;
}

/** Milliseconds from an event being sent over WebSocket to its response being received, `count` times. */
export async function webSocketLatencies(count: number): Promise<number[]> {
  await using server = await startServer({ events: [] });
  await using _agent = await startAgent({ env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  await server.authenticated(1);
  const latencies: number[] = [];
  for (let n = 1; n <= count; n++) {
    await pause(PAUSE_MS);
    const sentMs = performance.now();
    server.send({ id: `q${n}`, query: "What is iExec?", timestamp: Date.now() });
    await server.responses(n);
    latencies.push(performance.now() - sentMs);
  }
  return latencies;
}

/**
 * Milliseconds from a question to its answer, with a model that answers at once, when questions come one each `everyMs`,
 * `count` times. Where another one follows at once, its answer waits behind the ack of the one before: Deno's WebSocket
 * leaves Nagle's algorithm on.
 */
export async function pacedLatencies({ count, everyMs }: { count: number; everyMs: number }): Promise<number[]> {
  await using client = await startClient(ourAgent);
  const latencies = await client.paced({ count, everyMs });
  await client.stop();
  return latencies;
}

/** Milliseconds from starting the program to its first answer being readable, `count` times, each in an empty folder. */
export async function startLatencies(count: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let n = 0; n < count; n++) {
    await using folder = makeFolder();
    Deno.mkdirSync(`${folder.path}/iexec_in`);
    latencies.push(await startLatency(folder.path, "q1"));
  }
  return latencies;
}

/** The same in one folder, with `answered` events in its journal and in `responses.json` already. */
export async function lateStartLatencies(count: number, answered: number): Promise<number[]> {
  await using folder = makeFolder();
  const { path } = folder;
  for (const name of ["iexec_in", "iexec_out"]) Deno.mkdirSync(`${path}/${name}`);
  openAnswered({ state: `${path}/.agent`, output: `${path}/iexec_out/responses.json` }, answered)[Symbol.dispose]();
  const latencies: number[] = [];
  for (let n = 1; n <= count; n++) latencies.push(await startLatency(path, `late${n}`));
  return latencies;
}

async function startLatency(folder: string, id: string): Promise<number> {
  const event = { id, query: "What is iExec?", timestamp: 1 };
  Deno.writeTextFileSync(`${folder}/iexec_in/events.json`, JSON.stringify([event]));
  const startedMs = performance.now();
  await using _agent = await startAgent({ folder });
  while (!endOf(`${folder}/iexec_out/responses.json`).includes(`"queryId":"${id}"`)) await pause(1);
  return performance.now() - startedMs;
}

/** Where the last entries of a file are, the room behind them included. */
const END_BYTES = 256 * 1024;

/** The last part of a file; nothing while there is none. */
function endOf(path: string): string {
  try {
    using file = Deno.openSync(path);
    const { size } = file.statSync(), bytes = new Uint8Array(Math.min(size, END_BYTES));
    file.seekSync(size - bytes.length, Deno.SeekMode.Start);
    return new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** `median 7.1 ms (5.2 to 31.0, 100 times)`. */
export function summary(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [median, least, most] = [sorted[sorted.length >> 1], sorted[0], sorted.at(-1)].map((ms) => ms!.toFixed(1));
  return `median ${median} ms (${least} to ${most}, ${values.length} times)`;
}

if (import.meta.main) {
  console.log(`start to first answer:     ${summary(await startLatencies(10))}`);
  console.log(`file, written to readable: ${summary(await fileLatencies(100))}`);
  console.log(`WebSocket, sent to answer: ${summary(await webSocketLatencies(100))}`);
}

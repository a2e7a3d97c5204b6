/** Memory of one process as it answers event after event of many users, and whether it slows down. @module */

import { setTimeout as pause } from "node:timers/promises";
import { ourIntern, startClient } from "./peer.ts";

/** Megabytes (10⁶ bytes), and how long the first and the last waves took. */
export interface Footprint {
  readonly idleMb: number;
  /** At rest after a first thousand events, and after all. */
  readonly thousandMb: number;
  readonly afterMb: number;
  /** As the last wave was answered. */
  readonly busyMb: number;
  readonly earlyMs: number;
  readonly lateMs: number;
}

/** Milliseconds after which the agent rests, and has given back what it can: see `src/agent/resting.ts`. */
const REST_MS = 2_500;

/** The first waves warm the process up. */
const WARM_UP_WAVES = 2;

/** Conversations that the events are spread over. */
const USERS = 1_000;

/** Send a thousand events to one process, then `waves` of `count`, each when the one before it is answered. */
export async function footprint({ waves, count }: { waves: number; count: number }): Promise<Footprint> {
  await using client = await startClient(ourIntern);
  const idleMb = await client.memoryBytes() / 1e6;
  await client.burst({ count: 1_000, users: USERS });
  await pause(REST_MS);
  const thousandMb = await client.memoryBytes() / 1e6;
  const times: number[] = [];
  for (let wave = 0; wave < waves; wave++) times.push(await client.burst({ count, users: USERS }));
  const busyMb = await client.memoryBytes() / 1e6;
  await pause(REST_MS);
  const afterMb = await client.memoryBytes() / 1e6;
  await client.stop();
  const third = Math.floor((waves - WARM_UP_WAVES) / 3);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    idleMb,
    thousandMb,
    afterMb,
    busyMb,
    earlyMs: mean(times.slice(WARM_UP_WAVES, WARM_UP_WAVES + third)),
    lateMs: mean(times.slice(-third)),
  };
}

/**
 * State directories as agents leave them after many answers: journal, memories and `responses.json`, without the time that
 * answering takes. As a program: `answered.ts FOLDER COUNT [USERS]` puts `.agent` and `iexec_out/responses.json` into a folder.
 *
 * @module
 */

import { systemClock as clock } from "../../src/clock.ts";
import { openPublisher } from "../../src/journal/publisher.ts";
import { silentLog } from "../../src/log.ts";
import { openMemory } from "../../src/memory/memory.ts";
import { placeOf } from "../../src/memory/places.ts";
import { loadCharacter } from "../../src/mind/character/character.ts";
import { openState } from "../../src/program/state.ts";

/** Where an agent keeps them. */
export interface Places {
  /** The state directory. */
  readonly state: string;
  /** The responses file. */
  readonly output: string;
}

/** A state to which answers can be added. */
export interface AnsweredState extends Disposable {
  /** Add so many answers, in one commit. */
  add(count: number): void;
}

/** Answers added at a time while a state is grown. */
const GROWING_BATCH = 1_000;
const QUERY = "What is iExec, and what can I do with it?", RESPONSE = "A marketplace for computing power.".repeat(3);

/**
 * Open the state at `places`, with `size` answers put into it, not signed and not sealed.
 *
 * @param options `users`: whose conversations the events belong to, in turn; default: each event stands alone; `agentId`:
 * whose memories they are: the character's id; `response`: what each event gets.
 */
export function openAnswered(
  places: Places,
  size: number,
  { users = 0, agentId = crypto.randomUUID(), response = RESPONSE }: {
    users?: number;
    agentId?: ReturnType<typeof crypto.randomUUID>;
    response?: string;
  } = {},
): AnsweredState {
  using stack = new DisposableStack();
  const { database, journal, seal } = stack.use(openState(places.state, { key: undefined, now: clock.now }));
  const { beforeCommit, sqlite } = database;
  const { exchanges, createAgent } = openMemory(sqlite, { agentId, seal, clock, beforeCommit });
  if (users > 0) void createAgent({ id: agentId, name: "Answered", createdAt: clock.now(), updatedAt: clock.now() });
  const publisher = stack.use(openPublisher({ path: places.output, journal, log: silentLog }));
  let added = 0;
  const answer = () => {
    const timestamp = clock.now(), id = `q${++added}`;
    const userId = `user-${added % users}`;
    const event = { id, query: QUERY, timestamp, ...users > 0 && { metadata: { userId } } };
    journal.accept(event);
    if (users > 0) {
      const { roomId, entityId } = placeOf({ agentId, hide: (id) => id }, userId, userId);
      const said = { event: id, question: QUERY, answer: { text: response, sources: [] } };
      exchanges.add({ ...said, roomId, entityId, createdAt: timestamp });
    }
    return journal.record({ queryId: id, response, timestamp, agentId }, event);
  };
  const add = (count: number) => {
    const recorded = Array.from({ length: count }, answer);
    database.commit();
    publisher.publish(recorded);
    for (const { seq } of recorded) journal.settled(seq);
  };
  while (added < size) add(Math.min(GROWING_BATCH, size - added));
  const owned = stack.move();
  return { add, [Symbol.dispose]: () => owned.dispose() };
}

if (import.meta.main) {
  const [folder = ".", count = "1000000", users = "1000"] = Deno.args;
  Deno.mkdirSync(`${folder}/iexec_out`, { recursive: true });
  const { agentId } = await loadCharacter(undefined, silentLog);
  const places = { state: `${folder}/.agent`, output: `${folder}/iexec_out/responses.json` };
  openAnswered(places, Number(count), { users: Number(users), agentId })[Symbol.dispose]();
}

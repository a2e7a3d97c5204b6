/** The way to the agents and back: the contract that each transport's client keeps for `deno task ask`. @module */

import type { AgentEvent, Chunk, Outcome } from "../../wire.ts";
import { conversationOf } from "../../wire.ts";
import { fingerprintOf } from "../../fingerprint.ts";

/** An open way. */
export interface Way {
  /** Where questions go, for a person. */
  readonly place: string;
  /**
   * Hand events over, in their order; resolves when they are where agents find them.
   *
   * @throws {FatalError} If they can't be handed over.
   */
  send(events: readonly AgentEvent[]): Promise<void>;
  close(): Promise<void>;
}

/** How a way calls back. */
export interface WayHooks {
  /** Whether an outcome with this id is waited for: others belong to somebody else. */
  isMine(id: string): boolean;
  /** An outcome has arrived; the same one may arrive twice. */
  heard(outcome: Outcome): void;
  /** A piece of an answer has arrived. */
  grew(chunk: Chunk): void;
  /** The way is lost, and no more outcomes arrive. */
  lost(error: unknown): void;
}

/** The message of a chunk or an outcome, by what its body says. */
export function hear(body: string, { isMine, heard, grew }: WayHooks): void {
  const { type, ...said } = JSON.parse(body) as { type?: string; queryId: string };
  if (!isMine(said.queryId)) return;
  if (type === "chunk") grew(said as Chunk);
  else heard(said as Outcome);
}

/** The one of `places` for an event: events of one conversation go to the same one. */
export function placeOf<Place>(event: AgentEvent, places: readonly [Place, ...Place[]]): Place {
  const hash = fingerprintOf(conversationOf(event) ?? event.id) >>> 0;
  return places[hash % places.length] ?? places[0];
}

/** A list that was made from a setting which names at least one. */
export function atLeastOne<Item>([first, ...others]: readonly Item[]): readonly [Item, ...Item[]] {
  if (first === undefined) throw new RangeError("Cannot choose from an empty list");
  return [first, ...others];
}

/** Where the messages of a conversation belong in ElizaOS's memory: ids made of names, and told apart by them. @module */

import { hash } from "node:crypto";
import type { UUID } from "@elizaos/core";
import { uuidFrom } from "../store/seal.ts";

/** A room for what is said, and an entity for who says it. */
export interface ConversationPlace {
  readonly roomId: UUID;
  readonly entityId: UUID;
  /** The room that the conversation had while all of its users shared one; undefined if it still has that. */
  readonly formerRoom: UUID | undefined;
}

/** Places held at the same time, at most: about 2 MB. Beyond it they are made again. */
const MAX_PLACES = 8_192;

/**
 * Gives the place of a conversation and its user. Its ids take three digests, so they are made once.
 *
 * @param parts `hide`: turns an id that is made of names into one that does not tell them: see `Seal.hide`.
 */
export function openPlaces(
  { agentId, hide }: { agentId: UUID; hide: (id: UUID) => UUID },
): (conversation: string, user: string | undefined) => ConversationPlace {
  const places = new Map<string, ConversationPlace>();
  return (conversation, user) => {
    const key = JSON.stringify([conversation, user]);
    const known = places.get(key);
    if (known) return known;
    const shared = uuidOf("room", agentId, conversation);
    const isShared = user !== undefined && user !== conversation;
    const place = {
      roomId: hide(isShared ? uuidOf("room", agentId, conversation, user) : shared),
      entityId: hide(uuidOf("entity", agentId, user ?? conversation)),
      formerRoom: isShared ? hide(shared) : undefined,
    };
    if (places.size >= MAX_PLACES) places.clear();
    places.set(key, place);
    return place;
  };
}

/**
 * A UUID that is always the same for the same names. Not the core's `stringToUuid`: that takes ten times as long
 * (measured: 78 against 6 µs), keeps what it was given, refuses half a surrogate pair, and makes no valid version.
 */
function uuidOf(...names: string[]): UUID {
  // JSON, so that no two lists of names look the same, half surrogate pairs included.
  return uuidFrom(hash("sha256", JSON.stringify(names), "hex")) as UUID;
}

/** Whose outcomes are: kept with each, so that they can be deleted with what was said. @module */

import { hash } from "node:crypto";
import { type Seal, uuidFrom } from "../store/seal.ts";
import type { Whose } from "../forget_request.ts";
import { type AgentEvent, conversationOf, userOf } from "../wire.ts";

/** Names of a conversation and a user which do not tell their own; none where an event has none. */
export interface Origin {
  readonly conversation: string | null;
  readonly user: string | null;
}

/** Names that are held, at most: about 2 MB. Beyond it they are made again. */
const MAX_NAMES = 8_192;

/** Makes the names that origins are kept by. */
export function createOriginNames({ hide }: Pick<Seal, "hide">) {
  const names = new Map<string, string>();
  const nameOf = (name: string | undefined): string | null => {
    if (name === undefined) return null;
    const known = names.get(name);
    if (known !== undefined) return known;
    const made = hide(uuidFrom(hash("sha256", JSON.stringify(["origin", name]), "hex")));
    if (names.size >= MAX_NAMES) names.clear();
    names.set(name, made);
    return made;
  };
  return {
    /** The origin of an event; undefined if it stands alone. */
    of(event: AgentEvent): Origin | undefined {
      const conversation = conversationOf(event), user = userOf(event);
      if (conversation === undefined && user === undefined) return undefined;
      // Where the user names the conversation, that goes without saying.
      return { conversation: conversation === user ? null : nameOf(conversation), user: nameOf(user) };
    },
    /** Whose words are meant, by these names. */
    from({ conversation, user }: Whose): Origin {
      return { conversation: nameOf(conversation), user: nameOf(user) };
    },
  };
}

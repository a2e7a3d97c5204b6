/** `agent forget`: deletes what a conversation or a user has said from the state of an agent that does not run. @module */

import type { UUID } from "@elizaos/core";
import { deleteSaid } from "../agent/forgetting.ts";
import { type ForgottenCounts, type Whose, whoseOf } from "../forget_request.ts";
import { chatName } from "../wire.ts";
import { openMemory } from "../memory/memory.ts";
import type { Clock } from "../clock.ts";
import { EXIT, FatalError } from "../errors.ts";
import type { Log } from "../log.ts";
import { createSigner } from "../proof/signer.ts";
import { hasState } from "../store/state_directory.ts";
import { openOutput } from "./output.ts";
import type { Settings } from "./settings.ts";
import { endRemains, openState, type State } from "./state.ts";
import { readStateKey } from "./state_key.ts";

/** Whose words: a conversation's, and those of the terminal's chat with that name; a user's; or a user's in one. */
export interface ForgetOptions {
  readonly conversation: string | undefined;
  readonly user: string | undefined;
}

/**
 * Delete it, so that no file of the state holds a word of it, and return what was deleted as a line of text. Answers
 * that are not in the responses file yet are written into it first; that file is the operator's, and stays.
 *
 * @throws {FatalError} If there is no state, an agent runs on it, or the disk refuses.
 */
export async function forgetSaid(
  parts: { settings: Settings; log: Log; clock: Clock; stop: AbortSignal },
  { conversation, user }: ForgetOptions,
): Promise<string> {
  const { settings, log, clock, stop } = parts;
  if (!hasState(settings.AGENT_STATE_DIR)) {
    throw new FatalError(
      `There is no state in AGENT_STATE_DIR=${settings.AGENT_STATE_DIR}: nothing was forgotten. Set it as it is set ` +
        "for the agent.",
      EXIT.inputOutput,
    );
  }
  using state = openState(settings.AGENT_STATE_DIR, {
    key: await readStateKey(settings, { clock, log }, stop),
    takeOver: settings.AGENT_STATE_TAKE_OVER,
    signer: settings.AGENT_SIGN
      ? await createSigner({ eip712: settings.AGENT_SIGNATURES === "jws,eip712" })
      : undefined,
    log,
    now: clock.now,
  });
  // The responses file is recognised by what the journal knows of it: so it is brought up to date before.
  const publisher = await openOutput(settings, { journal: state.journal, log, now: clock.now, rotates: false });
  using _publisher = publisher;
  publisher.note();
  const whose = whoseOf({ ...conversation && { conversationId: conversation }, ...user && { userId: user } });
  const counts = [forgetAll(state, whose, { clock, agentId: settings.AGENT_ID ?? state.agentId })];
  if (conversation && !user) {
    const chat = { conversation: chatName(conversation) };
    counts.push(forgetAll(state, chat, { clock, agentId: settings.AGENT_ID ?? state.agentId }));
  }
  const isScrubbed = endRemains(state, { mostBytes: Infinity });
  const sum = (name: keyof ForgottenCounts) => counts.reduce((total, count) => total + count[name], 0);
  return [
    `forgot ${sum("exchanges")} exchanges, ${sum("messages")} messages, ${sum("outcomes")} answers to be sent again, ` +
    `${sum("events")} unanswered events`,
    ...isScrubbed
      ? []
      : ["there is no space to write the state anew: unused parts of it may hold remains. Free some, and do it again"],
  ].join("\n");
}

/** Delete the words that are meant; gone once the database has committed. */
function forgetAll(
  { database, journal, seal }: State,
  whose: Whose,
  { clock, agentId }: { clock: Clock; agentId: string },
): ForgottenCounts {
  // Which agent's memory this is does not matter: those of all that are in the state are meant.
  const { forgetting } = openMemory(database.sqlite, { agentId: agentId as UUID, seal, clock });
  const upTo = { outcome: journal.lastOutcome(), exchange: forgetting.lastExchange() };
  return deleteSaid({ journal, memories: forgetting, agentId, clock }, whose, { upTo });
}

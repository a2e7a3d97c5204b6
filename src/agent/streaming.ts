/** Answers that grow: pieces of them on their way to whoever asked for that, before the outcome. @module */

import type { Clock } from "../clock.ts";
import type { AnswerWriter } from "../mind/mind.ts";
import type { Delivery, Transport } from "../transports/transport.ts";
import { type AgentEvent, type Chunk, wantsStream } from "../wire.ts";

/** Takes an answer while it grows, and is told when it is whole. */
export interface ChunkWriter extends AnswerWriter {
  /** The answer is whole: what could not be sent of it is sent now, if the peer can take it. */
  end(): void;
}

/**
 * Takes the answer to an event and hands its pieces to the transport; undefined where nobody asked for them, or the
 * transport can't carry any.
 *
 * A piece that the peer can't take now is not sent later by itself: the next one, or the end, begins anew with all of the
 * text. So does the next one after the event was delivered again. The outcome has the whole answer in any case.
 *
 * Pieces are well-formed, as the outcome is: half a surrogate pair at the end of one waits for the other half, and
 * U+FFFD takes the place of one that stays alone.
 *
 * @param parts `delivery`: that of the event, if it has one when a piece is sent; `isWanted`: whether an answer still is: what
 * is said after a request to forget goes to nobody.
 */
export function chunkWriter(
  event: AgentEvent,
  parts: {
    transport: Pick<Transport, "chunk">;
    delivery: () => Delivery | undefined;
    isWanted: () => boolean;
    clock: Clock;
  },
): ChunkWriter | undefined {
  const { transport, delivery, isWanted, clock } = parts;
  if (!transport.chunk || !wantsStream(event)) return undefined;
  let text = "", half = "", index = 0, hasSent = false, begins = false;
  let lastTo: Delivery | undefined;

  /** Sends what came last, or all of the text where the answer begins anew. */
  function send(delta: string) {
    const to = delivery();
    // The event came again meanwhile: whoever asked then has none of the earlier pieces.
    if (to !== lastTo) begins ||= hasSent;
    lastTo = to;
    const chunk: Chunk = {
      queryId: event.id,
      index: begins ? 0 : index,
      delta: begins ? text : delta,
      timestamp: clock.now(),
      ...(begins && hasSent && { restart: true }),
    };
    if (!transport.chunk?.(chunk, to)) {
      begins = true;
      return;
    }
    index = chunk.index + 1;
    hasSent = true;
    begins = false;
  }

  return {
    write(more) {
      const all = half + more;
      half = /[\ud800-\udbff]$/.exec(all)?.[0] ?? "";
      const delta = all.slice(0, all.length - half.length).toWellFormed();
      if (delta === "" || !isWanted()) return;
      text += delta;
      send(delta);
    },
    restart() {
      text = half = "";
      begins = true;
    },
    end() {
      const rest = half.toWellFormed();
      half = "";
      text += rest;
      if (rest !== "" || (begins && text !== "")) send(rest);
    },
  };
}

/** `GET /api/events/ID/stream`: an event as it is answered, as server-sent events. @module */

import { eventStreamResponse } from "../http.ts";
import { type Asked, type Asker, isSettled, type Said } from "../ledger.ts";
import { type ApiOptions, type Call, eitherOf, findEvent, tooManyWaits, unknownEvent } from "./context.ts";
import { describeEvent } from "./events.ts";

/** The last message has this id: a browser that comes back with it is told that there is no more. */
const LAST_ID = "end";
/** A comment this often: without it, nobody would notice that a client has gone without a word. In milliseconds. */
const HEARTBEAT_MS = 15_000;

/**
 * Follow an event: `state` whenever it changes, `chunk` for each piece of an answer that grows, and at the end `response`
 * or `failed` with all there is to tell. The text of the chunks is the answer so far; `restart: true` begins it anew.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function streamEvent({ id, request }: Call, options: ApiOptions): Response {
  const { clock, dispatch, waits, stopping } = options;
  const lastId = request.headers.get("last-event-id");
  if (lastId === LAST_ID) return new Response(null, { status: 204 }); // tells a browser not to come again
  const asked = findEvent(id, options);
  if (!asked) return unknownEvent(options);
  if (request.method === "HEAD") return eventStreamResponse(null);
  if (!waits.enter()) return tooManyWaits(options);

  const over = eitherOf(stopping, request.signal);
  const story = tellStory(asked, { now: clock.now, isResumed: lastId !== null });
  let news = Promise.withResolvers<void>();
  const asker: Asker = { changed: () => news.resolve() };
  asked.askers.set(asker, 0);
  over.signal.addEventListener("abort", () => {
    dispatch.forget(asker);
    waits.leave();
    news.resolve();
  }, { once: true });
  const encoder = new TextEncoder();

  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      let message = story.next();
      if (message === undefined) {
        news = Promise.withResolvers();
        const pause = eitherOf(over.signal);
        await Promise.race([news.promise, clock.sleep(HEARTBEAT_MS, pause.signal)]);
        pause.abort();
        message = story.next() ?? ": still here\n\n";
      }
      if (!over.signal.aborted) controller.enqueue(encoder.encode(message));
      if (!over.signal.aborted && !story.isOver()) return;
      over.abort();
      controller.close();
    },
    cancel: () => over.abort(),
  }, { highWaterMark: 0 }); // a client that does not read is told nothing, and then all at once
  return eventStreamResponse(body);
}

/** The story of an event, message by message. */
interface Story {
  /** The next message; undefined if there is no news. */
  next(): string | undefined;
  isOver(): boolean;
}

/** `isResumed`: the client has been told a part before, over another connection. */
function tellStory(asked: Asked, { now, isResumed }: { now: () => number; isResumed: boolean }): Story {
  const { id: eventId } = asked.event;
  let toldState: string | undefined;
  let told: Pick<Said, "connection" | "restarts"> & { length: number } | undefined;
  let chunks = 0;
  let isOver = false;

  function chunk(): string | undefined {
    const said = asked.growingAt === undefined ? undefined : asked.said.get(asked.growingAt);
    if (said?.state !== "growing") return;
    const isSame = told?.connection === said.connection && told.restarts === said.restarts;
    const from = isSame ? told?.length ?? 0 : 0;
    if (said.text.length <= from) return;
    const restart = !isSame && (told !== undefined || isResumed);
    told = { connection: said.connection, restarts: said.restarts, length: said.text.length };
    const index = chunks++, delta = said.text.slice(from);
    const data = { type: "chunk", queryId: eventId, index, delta, timestamp: now(), ...restart && { restart } };
    return message("chunk", data, String(index));
  }

  return {
    isOver: () => isOver,
    next() {
      if (isSettled(asked)) {
        if (isOver) return;
        isOver = true;
        return message(asked.state === "failed" ? "failed" : "response", describeEvent(asked), LAST_ID);
      }
      if (asked.state !== toldState) {
        toldState = asked.state;
        return message("state", { eventId, state: toldState });
      }
      return chunk();
    },
  };
}

/** One server-sent event. JSON has no line breaks, which would end its data. */
function message(event: string, data: unknown, id?: string): string {
  return `event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

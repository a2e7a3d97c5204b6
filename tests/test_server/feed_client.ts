/** A page of the test server, as far as the wire goes. @module */

import type { FeedCommand, FeedEvent, FeedMessage, FeedSnapshot } from "../../src/test_server/feed.ts";
import type { ServerUnderTest } from "../support/server.ts";
import { createWatch } from "../support/watch.ts";

/** The messages of one type. */
export type Of<Type extends FeedMessage["type"]> = Extract<FeedMessage, { type: Type }>;

/** Open the feed of a server, and await its snapshot. */
export async function openFeed(server: ServerUnderTest, auth: { token?: string } = {}): Promise<
  AsyncDisposable & {
    readonly snapshot: FeedSnapshot;
    /** What became of a command. */
    command(command: FeedCommand): Promise<Of<"done"> | Of<"refused">>;
    /** The first update about an event that is wanted. */
    event(isWanted: (event: FeedEvent) => boolean): Promise<FeedEvent>;
    /** What it was told so far. */
    told<Type extends FeedMessage["type"]>(type: Type): Of<Type>[];
    next<Type extends FeedMessage["type"]>(type: Type, isWanted?: (message: Of<Type>) => boolean): Promise<Of<Type>>;
  }
> {
  const messages: FeedMessage[] = [];
  const watch = createWatch({ report: () => messages.map((message) => JSON.stringify(message)).join("\n") });
  const socket = new WebSocket(`${server.url}/feed`);
  const closed = Promise.withResolvers<void>();
  socket.onopen = () => socket.send(JSON.stringify({ type: "auth", ...auth }));
  socket.onclose = () => closed.resolve();
  socket.onmessage = ({ data }) => {
    messages.push(JSON.parse(data));
    watch.changed();
  };
  const next = <Type extends FeedMessage["type"]>(type: Type, isWanted: (message: Of<Type>) => boolean = () => true) =>
    watch.until(
      `a ${type}`,
      () => messages.find((message): message is Of<Type> => message.type === type && isWanted(message as Of<Type>)),
    );
  return {
    snapshot: await next("snapshot"),
    next,
    told: <Type extends FeedMessage["type"]>(type: Type) =>
      messages.filter((message): message is Of<Type> => message.type === type),
    event: async (isWanted) => (await next("event", ({ event }) => isWanted(event))).event,
    command(command) {
      socket.send(JSON.stringify(command));
      return watch.until(
        "a reply",
        () =>
          messages.find((message): message is Of<"done"> | Of<"refused"> =>
            (message.type === "done" || message.type === "refused") && message.request === command.request
          ),
      );
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed.promise;
      watch[Symbol.dispose]();
    },
  };
}

/** Reads server-sent events from the body of a response. @module */

/** One message. */
export interface ServerEvent {
  readonly type: string;
  readonly data: string;
}

/**
 * The messages of a body, as they arrive.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function* readServerEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncIterable<ServerEvent> {
  let text = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const messages = text.split("\n\n");
    text = messages.pop() ?? "";
    for (const message of messages) {
      const fields = message.split("\n").map((line) => /^(\w+): ?(.*)$/.exec(line) ?? []);
      const type = fields.find(([, name]) => name === "event")?.[2] ?? "message";
      const data = fields.filter(([, name]) => name === "data").map(([, , value]) => value).join("\n");
      if (data !== "") yield { type, data };
    }
  }
}

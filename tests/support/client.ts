/** A WebSocket client that says what a test tells it to, over Deno's own WebSocket. @module */

import { createWatch } from "./watch.ts";

export interface Client extends AsyncDisposable {
  /** Send frames: strings and bytes as they are, anything else as JSON. */
  send(...frames: readonly unknown[]): void;
  /** Authenticate as an agent. */
  authenticate(auth: { agentId: string; token?: string }): void;
  /** The first `count` frames from the server, parsed; in full where the connection has ended with fewer. */
  received(count: number): Promise<readonly unknown[]>;
  /** Resolves when the connection has ended. Deno says 0 where it was cut. */
  closed(): Promise<{ code: number; reason: string; wasClean: boolean }>;
}

/** Connect to a server. `authority`: PEM of the one to trust; `headers`: of the handshake. */
export async function connect(
  url: string,
  { authority, headers }: { authority?: string; headers?: Record<string, string> } = {},
): Promise<Client> {
  const http = authority === undefined ? undefined : Deno.createHttpClient({ caCerts: [authority] });
  const socket = new WebSocket(url, { ...headers && { headers }, ...http && { client: http } });
  const frames: unknown[] = [];
  let end: CloseEvent | undefined;
  let error = "";
  const watch = createWatch({
    report: () =>
      [...frames.map((frame) => JSON.stringify(frame)), ...end ? [`ended: ${end.code} ${end.reason}`] : []].join("\n"),
  });

  socket.onmessage = ({ data }) => {
    frames.push(JSON.parse(data));
    watch.changed();
  };
  socket.onerror = (event) => {
    if (event instanceof ErrorEvent) error = event.message;
  };
  socket.onclose = (event) => {
    end = event;
    http?.close();
    watch.changed();
  };
  socket.onopen = () => watch.changed();

  await watch.until(`a connection to ${url}`, () => {
    if (end) throw new Error(`Cannot connect to ${url}: ${error}`);
    return socket.readyState === WebSocket.OPEN || undefined;
  });

  const send = (...frames: readonly unknown[]) => {
    for (const frame of frames) {
      socket.send(typeof frame === "string" || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
    }
  };
  const closed = () => watch.until("the end of the connection", () => end);
  return {
    send,
    authenticate: (auth) => send({ type: "auth", ...auth, timestamp: 1 }),
    received: (count) =>
      watch.until(`${count} frames`, () => frames.length >= count || end ? frames.slice(0, count) : undefined),
    closed,
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed();
      watch[Symbol.dispose]();
    },
  };
}

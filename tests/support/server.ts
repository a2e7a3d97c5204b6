/** The test server as the tests see it: what agents sent, waits that say what they saw, connections that can be cut. @module */

import { systemClock } from "../../src/clock.ts";
import type { AgentMessage } from "../../src/test_server/agent_messages.ts";
import type { Activity } from "../../src/test_server/connection.ts";
import { startTestServer, type TestServerOptions } from "../../src/test_server/server.ts";
import { freePort } from "./ports.ts";
import { startRelay } from "./relay.ts";
import { createWatch } from "./watch.ts";

type Message<Type extends AgentMessage["type"]> = Extract<AgentMessage, { type: Type }>;
type Disconnection = Extract<Activity, { kind: "disconnected" }>;

export interface ServerUnderTest extends AsyncDisposable {
  /** `ws://127.0.0.1:…` or `wss://…`: a relay before the server, so that {@linkcode drop} can cut the line. */
  readonly url: string;
  /** For the next server to take over after `close`. */
  readonly port: number;
  /** The lines that the server printed. */
  readonly lines: readonly string[];
  /** The frames that each connection sent, in full: JSON as values, other text as it came. */
  readonly frames: readonly (readonly unknown[])[];
  /**
   * Send frames to every authenticated agent: strings as they are, anything else as JSON.
   *
   * @throws {Error} If there is none: await `authenticated(1)` first.
   */
  send(...frames: readonly unknown[]): void;
  /** The first `count` (default 1) well-formed messages, over all connections from the start, that are `wanted`. */
  received(wanted: (message: AgentMessage) => boolean, many?: { count: number }): Promise<AgentMessage[]>;
  /** The first `count` responses. */
  responses(count: number): Promise<Message<"response">[]>;
  /** The first `count` acks. */
  acks(count: number): Promise<Message<"ack">[]>;
  /** Resolves once `count` connections have opened since the start. */
  connected(count: number): Promise<void>;
  /** Resolves once agents have authenticated on `count` connections since the start. */
  authenticated(count: number): Promise<void>;
  /** The first `count` ends of connections. */
  disconnected(count: number): Promise<Disconnection[]>;
  /** The first printed line that has `part` in it. */
  printed(part: string): Promise<string>;
  /** Cut every connection without a close frame. New ones are welcome. */
  drop(): void;
  /** Close every client with 1000, and stop. */
  close(): Promise<void>;
}

/**
 * Start a test server. `port` is where agents reach it: by default a free one, or that of a server that was
 * closed. `patienceMs` is for tests of the waits.
 */
export async function startServer(
  options: Partial<TestServerOptions> & { readonly patienceMs?: number } = {},
): Promise<ServerUnderTest> {
  const { port = freePort(), patienceMs, ...serverOptions } = options;
  const account = keepAccount(patienceMs);
  const server = await startTestServer({
    hostname: "127.0.0.1",
    clock: systemClock,
    ...serverOptions,
    port: 0,
    print: account.print,
    observe: account.observe,
  });
  const relay = startRelay({ port, upstreamPort: server.port });

  let closing: Promise<void> | undefined;
  const close = () => closing ??= stop();
  async function stop(): Promise<void> {
    await server.close();
    await relay[Symbol.asyncDispose]();
    account[Symbol.dispose]();
  }

  return {
    ...account.waits,
    url: `${serverOptions.tls ? "wss" : "ws"}://127.0.0.1:${port}`,
    port,
    lines: account.lines,
    frames: account.frames,
    send(...frames) {
      if (server.send(...frames) === 0) throw new Error(`Cannot send: no agent is there. Seen:\n${account.report()}`);
    },
    drop: relay.drop,
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Waits = Pick<
  ServerUnderTest,
  "received" | "responses" | "acks" | "connected" | "authenticated" | "disconnected" | "printed"
>;

/** What a server prints and what happens on its connections, and the waits for it. */
function keepAccount(patienceMs: number | undefined): Disposable & {
  readonly lines: readonly string[];
  readonly frames: readonly (readonly unknown[])[];
  readonly waits: Waits;
  print(line: string): void;
  observe(happened: Activity): void;
  report(): string;
} {
  const lines: string[] = [];
  const activity: Activity[] = [];
  const frames: unknown[][] = [];
  const watch = createWatch({
    report: () => reportOf(activity),
    ...(patienceMs !== undefined && { patienceMs }),
  });
  return {
    lines,
    frames,
    waits: {
      ...waitsFor(activity, watch),
      printed: (part) => watch.until(`a line with ${part}`, () => lines.find((line) => line.includes(part))),
    },
    print(line) {
      lines.push(line);
      watch.changed();
    },
    observe(happened) {
      activity.push(happened);
      const sent = frames[happened.connection] ??= [];
      if (happened.kind === "received") sent.push(jsonOrText(happened.text));
      watch.changed();
    },
    report: () => reportOf(activity),
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

function waitsFor(activity: readonly Activity[], watch: ReturnType<typeof createWatch>): Omit<Waits, "printed"> {
  /** The first `count` of what `pick` makes of the activity, past and to come. */
  function first<T>(what: string, count: number, pick: (happened: Activity) => T | undefined): Promise<T[]> {
    const found: T[] = [];
    let looked = 0;
    return watch.until(`${count} × ${what}`, () => {
      for (; looked < activity.length && found.length < count; looked++) {
        const picked = pick(activity[looked]!);
        if (picked !== undefined) found.push(picked);
      }
      return found.length === count ? found : undefined;
    });
  }

  function messages<T extends AgentMessage>(
    what: string,
    count: number,
    pick: (message: AgentMessage) => T | undefined,
  ): Promise<T[]> {
    return first(
      what,
      count,
      (happened) => happened.kind === "received" && happened.message.ok ? pick(happened.message.value) : undefined,
    );
  }

  /** The first `count` things of this kind. */
  function ofKind<Kind extends Activity["kind"]>(what: string, count: number, kind: Kind) {
    return first(
      what,
      count,
      (happened) => happened.kind === kind ? happened as Extract<Activity, { kind: Kind }> : undefined,
    );
  }

  return {
    received: (wanted, { count } = { count: 1 }) =>
      messages(`a message with ${wanted}`, count, (message) => wanted(message) ? message : undefined),
    responses: (count) => messages("a response", count, (message) => message.type === "response" ? message : undefined),
    acks: (count) => messages("an ack", count, (message) => message.type === "ack" ? message : undefined),
    connected: async (count) => void await ofKind("a connection", count, "connected"),
    authenticated: async (count) => void await ofKind("an authenticated agent", count, "authenticated"),
    disconnected: (count) => ofKind("an end", count, "disconnected"),
  };
}

/** One line for each thing that happened, cut short. */
function reportOf(activity: readonly Activity[]): string {
  return activity.map((happened) => {
    const { kind, connection } = happened;
    if (kind === "received") return `  connection ${connection}: received ${happened.text.slice(0, 300)}`;
    if (kind === "disconnected") return `  connection ${connection}: ended, ${happened.code} ${happened.reason}`;
    return `  connection ${connection}: ${kind}`;
  }).join("\n");
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

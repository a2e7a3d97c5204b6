/** The other end of a benchmark: a server in this process, and one client in a process of its own. @module */

import { setTimeout as pause } from "node:timers/promises";
import { V8_FLAGS } from "../../src/tools/compile/compile.ts";
import { generateEvents, openTally } from "../../src/test_server/load_events.ts";

/** A client that is connected and has authenticated. */
export interface Client extends AsyncDisposable {
  /**
   * Send `count` new events at once; resolves to the milliseconds until each was answered and acknowledged.
   *
   * @param burst `users`: spread the events over so many conversations; without it each stands alone.
   */
  burst(burst: { count: number; users?: number }): Promise<number>;
  /** Send `count` new events, one each `everyMs`; resolves to the milliseconds from each to its response. */
  paced(pace: { count: number; everyMs: number }): Promise<number[]>;
  /** Memory of the process, in bytes, where the client tells it. */
  memoryBytes(): Promise<number>;
  /** Asks it to end, and looks at what it left. @throws {Error} Unless responses.json has each answer once. */
  stop(): Promise<void>;
}

/** Some send text as binary frames. */
type Frame = string | ArrayBuffer;

function textOf(frame: Frame): string {
  return typeof frame === "string" ? frame : new TextDecoder().decode(frame);
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** Somebody who knows nothing. */
const BLANK = { name: "Blank", bio: "Answers at once." };

/** The command of our own agent, for the server at `url`, in `folder`; what is looked up in knowledge is left out. */
export function ourAgent(url: string, folder: string): Deno.Command {
  const character = `${folder}/blank.json`;
  Deno.writeTextFileSync(character, JSON.stringify(BLANK));
  return ourAgentAs(url, folder, character);
}

/** The same with the built-in character, which looks up every question in its knowledge. */
export function ourIntern(url: string, folder: string): Deno.Command {
  return ourAgentAs(url, folder, "");
}

/** The same, but nothing is signed. */
export function ourUnsigned(url: string, folder: string): Deno.Command {
  return ourAgentAs(url, folder, "", "AGENT_SIGN=false");
}

function ourAgentAs(url: string, folder: string, character: string, ...settings: string[]): Deno.Command {
  return command(Deno.execPath(), [
    ...[
      "run",
      "--quiet",
      V8_FLAGS,
      "--no-prompt",
      `--config=${ROOT}deno.json`,
      `--lock=${ROOT}tests/deno.lock`,
      "--ignore-env",
    ],
    // The signing thread's program is loaded when it is wanted.
    ...[`--allow-read=${folder},${ROOT}src/proof`, `--allow-write=${folder}`, `--allow-net=${new URL(url).host}`],
    ...[`${ROOT}tests/bench/instant_agent.ts`, url, folder, character, ...settings],
  ]);
}

/** The command of the guide's design, with so many answers from `before`. Its `ws` comes from Deno's own npm cache. */
export function guideClient(before: number): (url: string, folder: string) => Deno.Command {
  return (url, folder) =>
    command("node", [`${ROOT}tests/bench/guide_client.mjs`, url, folder, import.meta.resolve("ws"), String(before)]);
}

function command(program: string, args: string[]): Deno.Command {
  return new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "null" });
}

/** Start a client in a folder of its own; resolves when it has authenticated. */
export async function startClient(make: (url: string, folder: string) => Deno.Command): Promise<Client> {
  await using stack = new AsyncDisposableStack();
  const folder = Deno.makeTempDirSync({ prefix: "agent-bench-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const connected = Promise.withResolvers<WebSocket>();
  let frames: Frame[] = [], due = 0, all = Promise.withResolvers<void>();
  let events = 0;

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    // What they say is looked at when the clock has stopped: this server and the client share two processors.
    const hear = ({ data }: MessageEvent<Frame>) => {
      if (frames.push(data) === due) all.resolve();
    };
    socket.onmessage = (message) => {
      socket.onmessage = hear;
      if (JSON.parse(textOf(message.data)).type === "auth") connected.resolve(socket);
      // Benthos answers on a connection of its own, without a word before.
      else hear(message);
    };
    return response;
  });
  stack.defer(() => server.shutdown());
  const child = make(`ws://127.0.0.1:${server.addr.port}`, folder).spawn();
  const stdin = child.stdin.getWriter();
  let running = true;
  const ended = child.status.finally(() => running = false);
  let line = Promise.withResolvers<string>();
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) line.resolve(text);
  })();
  stack.defer(async () => {
    if (running) child.kill("SIGKILL");
    await ended;
    await reading;
    await stdin.abort();
  });
  const failed = ended.then(({ code }) => Promise.reject(new Error(`The client ended with exit code ${code}`)));
  failed.catch(() => {}); // whoever waits for it learns of it
  const socket = await Promise.race([connected.promise, failed]);
  const owned = stack.move();

  return {
    async burst({ count, users }) {
      const make = generateEvents({ prefix: `${events}-`, ...users !== undefined && { users } });
      const batch = Array.from({ length: count }, () => make(Date.now()));
      const questions = batch.map((event) => JSON.stringify(event));
      events += count;
      // A response and an ack for each.
      [frames, due, all] = [[], 2 * count, Promise.withResolvers()];
      const startedMs = performance.now();
      for (const question of questions) socket.send(question);
      await Promise.race([all.promise, failed]);
      const ms = performance.now() - startedMs;
      const tally = openTally(batch.map(({ id }) => id));
      let isComplete = false;
      tally.done.then(() => isComplete = true);
      for (const frame of frames) tally.hear(textOf(frame));
      await Promise.resolve();
      if (!isComplete) throw new Error(`Of ${count} events not each was answered and acknowledged`);
      return ms;
    },
    async paced({ count, everyMs }) {
      const make = generateEvents({ prefix: `${events}-` });
      events += count;
      const sentMs = new Map<unknown, number>(), latencies: number[] = [];
      const answered = Promise.withResolvers<void>(), before = socket.onmessage;
      socket.onmessage = ({ data }) => {
        const atMs = performance.now(), { type, queryId } = JSON.parse(data);
        if (type !== "response") return;
        latencies.push(atMs - sentMs.get(queryId)!);
        if (latencies.length === count) answered.resolve();
      };
      const startedMs = performance.now();
      for (let n = 0; n < count; n++) {
        // By the clock, not after the last one: a late timer must not slow the pace down.
        await pause(Math.max(0, startedMs + n * everyMs - performance.now()));
        const event = make(Date.now());
        sentMs.set(event.id, performance.now());
        socket.send(JSON.stringify(event));
      }
      await Promise.race([answered.promise, failed]);
      socket.onmessage = before;
      return latencies;
    },
    async memoryBytes() {
      line = Promise.withResolvers();
      await stdin.write(new TextEncoder().encode("\n"));
      return Number(await line.promise);
    },
    async stop() {
      child.kill("SIGTERM");
      const { code } = await ended;
      const entries = JSON.parse(Deno.readTextFileSync(`${folder}/responses.json`)) as { queryId: string }[];
      const distinct = new Set(entries.map(({ queryId }) => queryId)).size;
      if (code !== 0 || entries.length !== events || distinct !== events) {
        throw new Error(
          `Of ${events} answers ${entries.length} are there, ${distinct} of them distinct; exit code ${code}`,
        );
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

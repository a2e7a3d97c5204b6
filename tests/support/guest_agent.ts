/**
 * A stand-in for dstack's guest agent, on a Unix socket: a process of its own, since the permissions of the tests name no
 * socket.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { removeIfThereSync } from "../../src/files.ts";
import { poll } from "./brokers/broker.ts";
import { type BrokerProcess, startProcess } from "./brokers/process.ts";
import { shapedQuote } from "./tdx_quote.ts";

/** How a request is answered: as it should be, with an error, not at all, or with what must not be taken. */
export type GuestAnswer =
  | "right"
  | "400"
  | "500"
  | "hang"
  | "half"
  | "reset"
  | "other data"
  | "lie"
  | "other app"
  | "no quote"
  | "no JSON"
  | "other form"
  | "endless";

/** The event log that every quote comes with. */
export const EVENT_LOG = JSON.stringify([{ imr: 3, event_type: 134217729, digest: "00", event: "app-id" }]);

/**
 * Answer on `path`, the first request by the first of `answers`, and whatever comes later by the last.
 *
 * @throws {Error} If this Deno's `node:http` makes no socket there.
 */
export async function serveGuestAgent(
  path: string,
  { answers = ["right"], onRequest = () => {} }: {
    answers?: readonly GuestAnswer[];
    onRequest?: (method: string, body: Record<string, unknown>) => void;
  } = {},
): Promise<Server> {
  let count = 0;
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await textOf(request) || "{}");
    onRequest(request.url ?? "", body);
    const kind = answers[Math.min(count++, answers.length - 1)] ?? "right";
    answer(response, { kind, url: request.url ?? "", body });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  // Deno 2.7.11 says that it listens and makes no socket: the tests would wait for ever.
  if (!existsSync(path)) throw new Error(`Cannot serve a guest agent: this Deno made no socket at ${path}`);
  return server;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += new TextDecoder().decode(chunk);
  return text;
}

function answer(
  response: ServerResponse,
  { kind, url, body }: { kind: GuestAnswer; url: string; body: Record<string, unknown> },
): void {
  const json = (status: number, value: unknown) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  switch (kind) {
    case "400":
      return void json(400, { error: "report_data: expected\nat most 64 bytes" });
    case "500":
      return void json(500, { error: "the quoting service is not there yet" });
    case "hang":
      return;
    case "half":
      response.writeHead(200, { "content-length": 10_000 }).write('{"quote":');
      return;
    case "reset":
      return void response.destroy();
    case "no JSON":
      return void response.writeHead(200).end("<html>CANARY</html>");
    case "other form":
      return void json(200, { quote: 5, key: "CANARY" });
    case "endless": {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
        if (!response.destroyed) response.once("drain", more);
      };
      return more();
    }
  }
  if (url === "/GetKey") return void json(200, keyOf(`${body.path} of ${kind}`));
  if (url !== "/GetQuote") return void json(404, { error: `no such method: ${url}` });
  const asked = Uint8Array.fromHex(String(body.report_data)), other = new Uint8Array(64).fill(0xff);
  json(200, {
    quote: kind === "no quote" ? "" : shapedQuote(kind === "right" ? asked : other).toHex(),
    event_log: EVENT_LOG,
    report_data: (kind === "other data" ? other : asked).toHex(),
    vm_config: '{"cpu_count":2}',
    attestation: "",
  });
}

/** The key of a path: the same each time, as the real one is for one app. */
function keyOf(path: string): { key: string; signature_chain: string[] } {
  return { key: createHash("sha256").update(`app key of ${path}`).digest("hex"), signature_chain: [] };
}

/** A guest agent as a process. */
export interface GuestAgent extends AsyncDisposable {
  readonly socketPath: string;
  /** What it was asked, in order, once it has told of so many requests: it does so on its stdout. */
  asked(count: number): Promise<{ method: string; body: Record<string, unknown> }[]>;
}

/** Start one on `socketPath`; it goes with the test. */
export async function startGuestAgent(
  { socketPath, answers = ["right"] }: { socketPath: string; answers?: readonly GuestAnswer[] },
): Promise<GuestAgent> {
  const process: BrokerProcess = await startProcess({
    path: Deno.execPath(),
    args: ["run", "--quiet", "--no-prompt", "-A", import.meta.filename!, socketPath, ...answers],
    isReady: (line) => line === "listening",
  });
  return {
    socketPath,
    asked: (count) =>
      poll(`${count} requests to the guest agent`, () => {
        const told = process.lines.filter((line) => line.startsWith("{"));
        return Promise.resolve(told.length >= count ? told.map((line) => JSON.parse(line)) : undefined);
      }),
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      // It was killed, which leaves its socket behind.
      removeIfThereSync(socketPath);
    },
  };
}

if (import.meta.main) {
  const [path = "", ...answers] = Deno.args;
  await serveGuestAgent(path, {
    answers: answers as GuestAnswer[],
    onRequest: (method, body) => console.log(JSON.stringify({ method, body })),
  });
  console.log("listening");
}

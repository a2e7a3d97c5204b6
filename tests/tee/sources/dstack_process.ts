/**
 * Asks dstack's source, in a process that may use a Unix socket: the permissions of the tests name none. Prints what came
 * of each answer of the stand-in, and what it was asked. Called with the folder of the sockets, then
 * `quote|key:TIMEOUT:ANSWER`…; the answer `absent` is a socket that is not there, `stale` one that nobody listens on.
 *
 * @module
 */

import { dstackKey, dstackSource } from "../../../src/tee/sources/dstack.ts";
import { QuoteError } from "../../../src/tee/sources/source.ts";
import { type GuestAnswer, serveGuestAgent } from "../../support/guest_agent.ts";

const [folder, ...cases] = Deno.args;
const data = new Uint8Array(64).map((_, index) => index);
const never = new AbortController().signal;

for (const [index, one] of cases.entries()) {
  const [method, timeoutMs, answer] = one.split(":");
  const socketPath = `${folder}/${index}.sock`, options = { socketPath, timeoutMs: Number(timeoutMs) };
  const asked: unknown[] = [];
  const server = answer === "absent" ? undefined : await serveGuestAgent(socketPath, {
    answers: [answer as GuestAnswer],
    onRequest: (method, body) => asked.push({ method, body }),
  });
  if (answer === "stale") {
    await Deno.rename(socketPath, `${socketPath}.kept`);
    await Deno.link(`${socketPath}.kept`, socketPath);
    await new Promise((resolve) => server!.close(resolve));
  }
  try {
    const result = method === "key"
      ? (await dstackKey(options, { path: "a/path", purpose: "a purpose" }, never)).toHex()
      : await dstackSource(options).quote({ data }, never);
    console.log(JSON.stringify({ asked, result }));
  } catch (error) {
    if (!(error instanceof QuoteError)) throw error;
    console.log(JSON.stringify({ asked, error: error.message, isPassing: error.isPassing }));
  }
  server?.closeAllConnections();
  server?.close();
}

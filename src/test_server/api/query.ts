/** `POST /api/query`: ask, and wait for the answer where that is wanted. @module */

import { Buffer } from "node:buffer";
import { decodeUtf8 } from "../../utf8.ts";
import type { AgentEvent, Checked } from "../../wire.ts";
import { checkJson } from "../agent_messages.ts";
import { json } from "../http.ts";
import { type Asker, isSettled } from "../ledger.ts";
import { newEvent } from "../questions.ts";
import { printable } from "../shown_text.ts";
import { type ApiOptions, type Call, eitherOf, failure, parseSearch, tooManyWaits } from "./context.ts";
import { describeEvent } from "./events.ts";
import { MAX_WAIT_S, questionSchema, waitSchema } from "./schemas.ts";

/** Take on an event. The same id is the same event: one that was answered is not sent to an agent again. */
export async function query({ request, search }: Call, options: ApiOptions): Promise<Response> {
  const waitS = readWait(search);
  if (!waitS.ok) return failure(400, waitS.reason);
  const body = await readJson(request, options);
  if (body instanceof Response) return body;
  const question = checkJson(questionSchema, body);
  if (!question.ok) return failure(400, question.reason);
  const event = newEvent(question.value, { source: "api", now: options.clock.now() });
  if (!event.ok) return failure(400, event.reason);
  if (waitS.value === 0) return ask(event.value, options) ?? accepted(event.value);

  if (!options.waits.enter()) return tooManyWaits(options);
  try {
    return await askAndWait(event.value, waitS.value, request, options);
  } finally {
    options.waits.leave();
  }
}

/** The text of a body that says that it is JSON; or a refusal. */
export async function readJson(request: Request, { limits }: Pick<ApiOptions, "limits">): Promise<string | Response> {
  const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") return failure(415, "Send JSON, with Content-Type: application/json.");
  const body = await readBody(request, limits.frameBytes);
  if (!body) return failure(413, `A body may have ${limits.frameBytes} bytes at most.`);
  const { text, invalidAt } = decodeUtf8(body);
  // With U+FFFD in the place of letters it would be another question, and two ids could become one.
  if (invalidAt) return failure(400, `The body is not UTF-8: line ${invalidAt.line}, column ${invalidAt.column}.`);
  return text;
}

/** @returns A refusal, if the event can't be taken on. */
function ask(event: AgentEvent, { dispatch, ledger, print }: ApiOptions, asker?: Asker): Response | undefined {
  const conflict = dispatch.conflict(event);
  if (conflict !== undefined) return failure(409, conflict);
  if (ledger.get(event.id)?.state === "answered") return; // whoever asks again is told the same answer
  print(`❓ Event asked over REST: ${printable(event.id)}`);
  const placed = dispatch.ask(event, { askedBy: "rest", ...asker && { asker } });
  return placed.ok ? undefined : failure(503, placed.reason, { "retry-after": "5" });
}

function accepted({ id }: AgentEvent): Response {
  return json(200, { success: true, eventId: id });
}

async function askAndWait(
  event: AgentEvent,
  seconds: number,
  { signal }: Request,
  options: ApiOptions,
): Promise<Response> {
  const { dispatch, ledger, clock, stopping } = options;
  // A client that has gone waits for nothing.
  const enough = eitherOf(stopping, signal);
  const isOver = () => {
    const asked = ledger.get(event.id);
    return asked === undefined || isSettled(asked);
  };
  const asker: Asker = { changed: () => isOver() && enough.abort() };
  const refused = ask(event, options, asker);
  if (!refused && !isOver()) await clock.sleep(seconds * 1_000, enough.signal);
  enough.abort(); // or its listeners would stay with the signal that stops the server
  if (refused) return refused;
  dispatch.forget(asker);
  const asked = ledger.get(event.id);
  if (!asked) return failure(503, "The event was forgotten: too many others were answered meanwhile.");
  const status = asked.state === "answered" ? 200 : asked.state === "failed" ? 502 : 202;
  const location = `/api/events/${encodeURIComponent(event.id)}`;
  return json(status, describeEvent(asked), status === 202 ? { location } : {});
}

function readWait(search: URLSearchParams): Checked<number> {
  const unknown = [...search.keys()].find((name) => name !== "wait");
  if (unknown !== undefined) return { ok: false, reason: `${unknown}: no such parameter, only wait` };
  const parsed = parseSearch(waitSchema, search);
  return parsed.ok
    ? { ok: true, value: parsed.value.wait ?? 0 }
    : { ok: false, reason: `wait: expected seconds from 0 to ${MAX_WAIT_S}` };
}

/** The body; undefined if it is longer than it may be. */
async function readBody(request: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

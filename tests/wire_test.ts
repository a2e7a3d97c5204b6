/** The messages of the protocol: what is refused and why, what is taken, and that what leaves is what was meant. @module */

import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import {
  type AgentEvent,
  type Answer,
  CHAT,
  type Checked,
  checkEvent,
  conversationOf,
  encodeAck,
  encodeAuth,
  encodePong,
  encodeResponse,
  entryOf,
  type Frame,
  isFailure,
  MAX_DEPTH,
  MAX_ID_LENGTH,
  parseFrame,
  sizeOf,
} from "../src/wire.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";
const NOON = 1_700_000_000_000;
const EVENT: AgentEvent = { id: "event-001", query: "What is iExec?", timestamp: NOON };
const GUIDE_EVENT: AgentEvent = { ...EVENT, metadata: { userId: "user-123", priority: "high", source: "api" } };

/** Any text without half surrogate pairs. */
const aWellFormedText = fc.string({ unit: "binary", minLength: 1 });
/** Any text, half surrogate pairs and control characters among it. */
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });
const anId = fc.string({ unit: "binary", minLength: 1, maxLength: MAX_ID_LENGTH / 2 })
  .filter((id) => !id.includes("\0"));
const aTimestamp = fc.double({ noNaN: true, noDefaultInfinity: true }).map((time) => time + 0); // JSON has no -0
const anOutcome = { queryId: anId, timestamp: aTimestamp, agentId: fc.uuid() };
const anAnswer: fc.Arbitrary<Answer> = fc.record(
  { ...anOutcome, response: anyText, metadata: fc.record({ sources: fc.array(anyText) }) },
  { requiredKeys: ["queryId", "timestamp", "agentId", "response"] },
);
const aFailure = fc.record({ ...anOutcome, error: anyText });

Deno.test("an event as the guide writes it is an event", () => {
  assertEquals(parseFrame(JSON.stringify(GUIDE_EVENT)), { ok: true, value: { kind: "event", event: GUIDE_EVENT } });
});

Deno.test("every legal event arrives as it was sent", () => {
  const metadata = fc.dictionary(fc.string().filter((key) => key !== "__proto__"), fc.jsonValue({ maxDepth: 8 }));
  const anEvent = fc.record(
    { id: anId, query: aWellFormedText, timestamp: aTimestamp, metadata },
    { requiredKeys: ["id", "query", "timestamp"] },
  );
  fc.assert(fc.property(anEvent, (event) => {
    const sent = JSON.stringify(event);
    assertEquals(parseFrame(sent), { ok: true, value: { kind: "event", event: JSON.parse(sent) } });
  }));
});

Deno.test("fields the protocol does not name are dropped, so that servers can grow", () => {
  assertEquals(checkEvent({ ...GUIDE_EVENT, traceId: "t-1", agentId: AGENT }), { ok: true, value: GUIDE_EVENT });
});

Deno.test("a null metadata or a null type counts as none, as serializers write absent fields", () => {
  assertEquals(parseFrame(JSON.stringify({ type: null, ...EVENT, metadata: null })), {
    ok: true,
    value: { kind: "event", event: EVENT },
  });
});

const WRONG_EVENTS: [what: string, value: unknown, reason: string, id?: string][] = [
  ["a null", null, "expected object, received null"],
  ["a text", "event-001", "expected object, received string"],
  ["an array", [EVENT], "expected object, received array"],
  ["an event without an id", { ...EVENT, id: undefined }, "id: missing"],
  ["an event with a number for its id", { ...EVENT, id: 7 }, "id: expected string, received number"],
  ["an event with an empty id", { ...EVENT, id: "" }, "id: expected a text that is not empty"],
  [
    "an event with an id that is too long",
    { ...EVENT, id: "i".repeat(MAX_ID_LENGTH + 1) },
    `id: too big: expected string to have <=${MAX_ID_LENGTH} characters`,
  ],
  ["an event with NUL in its id", { ...EVENT, id: "a\0b" }, "id: expected well-formed Unicode without NUL"],
  [
    "an event with half a character in its id",
    { ...EVENT, id: "\ud83d" },
    "id: expected well-formed Unicode without NUL",
  ],
  ["an event without a query", { ...EVENT, query: undefined }, "query: missing", EVENT.id],
  [
    "an event with an empty query",
    { ...EVENT, query: "" },
    "query: expected a text that is not empty",
    EVENT.id,
  ],
  [
    "an event with half a character in its query",
    { ...EVENT, query: "cut in the middle of \ud83d" },
    "query: expected well-formed Unicode, without half a surrogate pair",
    EVENT.id,
  ],
  [
    "an event without a timestamp",
    { ...EVENT, timestamp: undefined },
    "timestamp: missing",
    EVENT.id,
  ],
  [
    "an event with a text for its timestamp",
    { ...EVENT, timestamp: "2023-11-14" },
    "timestamp: expected number, received string",
    EVENT.id,
  ],
  [
    "an event with a timestamp no number can hold",
    JSON.parse(`{"id":"event-001","query":"q","timestamp":1e999}`),
    "timestamp: expected number, received Infinity",
    EVENT.id,
  ],
  [
    "an event with a list for its metadata",
    { ...EVENT, metadata: [] },
    "metadata: expected object, received array",
    EVENT.id,
  ],
  [
    "an event that is wrong all over",
    { query: 7, timestamp: null },
    "id: missing; query: expected string, received number; " +
    "timestamp: expected number, received null",
  ],
];

for (const [what, value, reason, id] of WRONG_EVENTS) {
  Deno.test(`${what} is refused, saying what is wrong and where${id ? ", to its sender by its id" : ""}`, () => {
    assertEquals(checkEvent(value), { ok: false, reason, ...(id !== undefined && { id }) });
  });
}

Deno.test("an id of the greatest length is taken", () => {
  const event = { ...EVENT, id: "i".repeat(MAX_ID_LENGTH) };
  assertEquals(checkEvent(event), { ok: true, value: event });
});

/** Arrays in one another, `levels` of them. */
function nested(levels: number): unknown {
  return levels === 0 ? 7 : [nested(levels - 1)];
}

Deno.test("an event may be as deep as the limit and no deeper", () => {
  // The event and its metadata are two levels themselves.
  const deep = { ...EVENT, metadata: { deep: nested(MAX_DEPTH - 2) } };
  assertEquals(checkEvent(deep), { ok: true, value: deep });
  const reason = `nested more than ${MAX_DEPTH} levels deep`;
  assertEquals(checkEvent({ ...EVENT, metadata: { deep: nested(MAX_DEPTH - 1) } }), {
    ok: false,
    reason,
    id: EVENT.id,
  });
});

Deno.test("a frame too deep for JSON.stringify is refused, where the protocol names the field and where it does not", () => {
  const levels = 100_000, deep = `${'{"1":'.repeat(levels)}1${"}".repeat(levels)}`;
  for (const field of ["metadata", "extra"]) {
    const frame = parseFrame(`{"id":"event-001","query":"q","timestamp":1,"${field}":${deep}}`);
    assertEquals(frame, { ok: false, reason: `nested more than ${MAX_DEPTH} levels deep`, id: "event-001" });
  }
});

Deno.test("whatever a frame holds, it is checked without an error and refused without a word of it", () => {
  const canary = "CANARY";
  const values = [fc.constant(canary), fc.integer(), fc.boolean(), fc.constant(null)];
  const aValue = fc.anything({ key: fc.constant(canary), values, maxDepth: 3 });
  const aFrame = fc.record({ id: aValue, query: aValue, timestamp: aValue, metadata: aValue, CANARY: aValue }, {
    requiredKeys: [],
  });
  let refused = 0;
  fc.assert(fc.property(fc.oneof(aFrame, aValue), (value) => {
    const frame = parseFrame(JSON.stringify(value));
    if (frame.ok) return;
    refused++;
    assertFalse(frame.reason.includes(canary), frame.reason);
  }));
  assert(refused > 0, "no frame was refused");
});

Deno.test("a frame that is no JSON is refused without a word of it", () => {
  fc.assert(fc.property(anyText, (text) => {
    assertEquals(parseFrame(`CANARY ${text}`), { ok: false, reason: "not valid JSON" });
  }));
});

const NOT_OBJECTS: [frame: string, reason: string][] = [
  ["", "not valid JSON"],
  [`{"id":"event-001","query":"What is`, "not valid JSON"],
  ["[]", "expected object, received array"],
  ["null", "expected object, received null"],
  ["7", "expected object, received number"],
  [`"event-001"`, "expected object, received string"],
];

for (const [text, reason] of NOT_OBJECTS) {
  Deno.test(`the frame ${JSON.stringify(text)} is refused: ${reason}`, () => {
    assertEquals(parseFrame(text), { ok: false, reason });
  });
}

Deno.test("auth_success is known, with its message or without a usable one", () => {
  const frame = (rest: object) => parseFrame(JSON.stringify({ type: "auth_success", timestamp: NOON, ...rest }));
  const message = "Authentication successful";
  assertEquals(frame({ message }), { ok: true, value: { kind: "auth_success", message } });
  assertEquals(frame({}), { ok: true, value: { kind: "auth_success" } });
  assertEquals(frame({ message: 7 }), { ok: true, value: { kind: "auth_success" } });
});

Deno.test("a frame of an unknown type is told from an event, and its type is fit to be logged", () => {
  const unknown = (type: string, isEvent = false): Checked<Frame> => ({
    ok: true,
    value: { kind: "unknown", type, isEvent },
  });
  assertEquals(parseFrame(JSON.stringify({ ...EVENT, type: "hello" })), unknown("hello", true));
  assertEquals(parseFrame(JSON.stringify({ id: EVENT.id, type: "hello" })), unknown("hello"));
  assertEquals(parseFrame(JSON.stringify({ type: "vendor.news/v1" })), unknown("vendor.news/v1"));
  for (const type of ["x".repeat(65), "What is iExec?", "two\nlines", "", "né"]) {
    assertEquals(parseFrame(JSON.stringify({ type })), unknown("no name"), type);
  }
  assertEquals(parseFrame(JSON.stringify({ type: 7 })), unknown("number"));
});

Deno.test("a challenge is known by its nonce, and refused without one", () => {
  const frame = (rest: object) => parseFrame(JSON.stringify({ type: "challenge", ...rest }));
  assertEquals(frame({ nonce: "12345678" }), { ok: true, value: { kind: "challenge", nonce: "12345678" } });
  for (const nonce of [undefined, null, 7, {}]) {
    const parsed = frame({ nonce });
    assert(!parsed.ok && parsed.reason === "challenge: expected a nonce that is a text", JSON.stringify(parsed));
  }
});

Deno.test("events of one conversation belong together, else those of one user, else each stands alone", () => {
  const of = (metadata?: Record<string, unknown>) => conversationOf(metadata ? { ...EVENT, metadata } : EVENT);
  assertEquals(of({ conversationId: "c", userId: "u" }), of({ conversationId: "c", userId: "other" }));
  assertEquals(of({ userId: "u" }), of({ userId: "u", priority: "high" }));
  assertFalse(of({ conversationId: "x" }) === of({ userId: "x" }));
  assertEquals(of(), undefined);
});

Deno.test("no event of the wire names a terminal's chat, whatever its ids", () => {
  const chat = conversationOf({ ...EVENT, metadata: { [CHAT]: "default" } });
  fc.assert(fc.property(anyText, anyText, fc.constantFrom("", "chat:", "conversation:chat:"), (id, userId, prefix) => {
    for (const conversationId of [id, `${prefix}${id}`, `${prefix}default`]) {
      const frame = parseFrame(
        JSON.stringify({ ...EVENT, metadata: { conversationId, userId, "Symbol(chat)": "default" } }),
      );
      assert(frame.ok && frame.value.kind === "event");
      assertFalse(conversationOf(frame.value.event) === chat);
    }
  }));
});

Deno.test("conversations whose names begin like a chat's stay apart from each other, too", () => {
  const of = (conversationId: string) => conversationOf({ ...EVENT, metadata: { conversationId } });
  const names = ["chat:a", "a", "conversation:chat:a", "event-conversation:chat:a"];
  assertEquals(new Set(names.map(of)).size, names.length);
});

Deno.test("an empty id, or none, names no conversation", () => {
  for (const nobody of ["", null, undefined]) {
    assertEquals(conversationOf({ ...EVENT, metadata: { conversationId: nobody, userId: nobody } }), undefined);
    assertEquals(
      conversationOf({ ...EVENT, metadata: { conversationId: nobody, userId: "u" } }),
      conversationOf({ ...EVENT, metadata: { userId: "u" } }),
    );
  }
});

Deno.test("a conversation or a user whose id is a whole number is the one of its text", () => {
  for (const id of [4711, 0, -1002233, Number.MAX_SAFE_INTEGER]) {
    const event = checkEvent({ ...EVENT, metadata: { conversationId: id, userId: id, chat: id } });
    const metadata = { conversationId: String(id), userId: String(id), chat: id };
    assertEquals(event, { ok: true, value: { ...EVENT, metadata } });
  }
});

Deno.test("any other id of a conversation or a user is refused: it would name nobody, without a word", () => {
  for (const field of ["conversationId", "userId"]) {
    for (const id of [1.5, 2 ** 53, true, {}, ["c"]]) {
      assertEquals(checkEvent({ ...EVENT, metadata: { [field]: id } }), {
        ok: false,
        reason: `metadata.${field}: expected a text or a whole number below 2^53`,
        id: EVENT.id,
      });
    }
    const event = { ...EVENT, metadata: { [field]: null } };
    assertEquals(checkEvent(event), { ok: true, value: event });
  }
});

Deno.test("a ping is known, and its pong is a frame of its own", () => {
  assertEquals(parseFrame('{"type":"ping","timestamp":1}'), { ok: true, value: { kind: "ping" } });
  assertEquals(JSON.parse(encodePong({ timestamp: NOON })), { type: "pong", timestamp: NOON });
});

Deno.test("the auth frame has the guide's fields, and the token only where there is one", () => {
  const auth = { agentId: AGENT, timestamp: NOON };
  assertEquals(JSON.parse(encodeAuth(auth)), { type: "auth", ...auth });
  assertEquals(JSON.parse(encodeAuth({ ...auth, token: "s3cret" })), { type: "auth", ...auth, token: "s3cret" });
  const attestation = { format: "none", claims: "e30" };
  assertEquals(JSON.parse(encodeAuth({ ...auth, attestation })), { type: "auth", ...auth, attestation });
});

Deno.test("a response frame and an entry of responses.json carry any answer unchanged, and nothing else", () => {
  fc.assert(fc.property(anAnswer, (answer) => {
    assertFalse(isFailure(answer));
    const stray = { ...answer, seq: 7 };
    assertEquals(JSON.parse(encodeResponse(entryOf(stray))), { type: "response", ...answer });
    assertEquals(JSON.parse(entryOf(stray).text), answer);
  }));
});

Deno.test("an entry of responses.json carries any failure unchanged, and no response", () => {
  fc.assert(fc.property(aFailure, (failure) => {
    assert(isFailure(failure));
    assertEquals(JSON.parse(entryOf({ ...failure, seq: 7 } as typeof failure).text), failure);
  }));
});

Deno.test("an ack says processed, or error where there is one, be it empty", () => {
  fc.assert(fc.property(anId, fc.option(anyText, { nil: undefined }), aTimestamp, (eventId, error, timestamp) => {
    const ack = { eventId, timestamp, ...(error !== undefined && { error }) };
    const status = error === undefined ? "processed" : "error";
    assertEquals(JSON.parse(encodeAck(ack)), { type: "ack", status, ...ack });
  }));
});

Deno.test("every frame is one line", () => {
  fc.assert(fc.property(anAnswer, aFailure, (answer, failure) => {
    const frames = [
      encodeResponse(entryOf(answer)),
      entryOf(failure).text,
      encodeAck({ eventId: answer.queryId, error: failure.error, timestamp: NOON }),
      encodeAuth({ agentId: AGENT, token: answer.response, timestamp: NOON }),
    ];
    for (const frame of frames) assertFalse(/[\r\n]/.test(frame), frame);
  }));
});

Deno.test("the size of an event counts its metadata as well as its query", () => {
  const plain = { id: "q", query: "x".repeat(1000), timestamp: 1 };
  const nested = {
    id: "q",
    query: "?",
    timestamp: 1,
    metadata: { list: [{ text: "x".repeat(1000) }], [`k${"x".repeat(1000)}`]: 1 },
  };
  assert(sizeOf(plain) >= 1000);
  assert(sizeOf(nested) >= 2000);
});

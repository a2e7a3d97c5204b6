/** A server that sends odd frames and floods: each event gets its ack, and the log stays readable and short. @module */

import { assert, assertEquals } from "@std/assert";
import { MAX_ID_LENGTH } from "../../src/wire.ts";
import { startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { startServer } from "../support/server.ts";

/** Ids that are legal, and that a log, a terminal, a database or an object could stumble over. */
const IDS: readonly string[] = [
  "\u001b[31mred\u001b]0;title\u0007",
  "a\r\n✅ Event b processed",
  "tab\tbackspace\bdelete\u007f",
  "\u009b31m of C1",
  "\u202eright to left\u2066",
  "line\u2028and paragraph\u2029",
  "\ufeffbyte order mark",
  "__proto__",
  "constructor",
  "toString",
  "'; DROP TABLE event; --",
  "<script>alert(1)</script>",
  "../../etc/passwd",
  '{"type":"ack","status":"processed"}',
  "%s %d {event} ${event} $(id)",
  "caf\u00e9",
  "cafe\u0301",
  " ",
  "null",
  "x".repeat(MAX_ID_LENGTH),
];

const deep = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;
const odd = (id: string, more: string) => `{"id":"${id}","query":"What is iExec?","timestamp":1${more}}`;

/** Frames that are odd, each with the id and the status of its ack; none for those that can't be acked. */
const FRAMES: readonly (readonly [frame: string, id?: string, status?: string])[] = [
  [""],
  ["\u0000"],
  ["\ufeff{}"],
  ["{"],
  ["nul"],
  ["1e999"],
  [`"${"x".repeat(1_000)}"`],
  ["[".repeat(10_000)],
  [deep],
  [odd("y".repeat(1_000_000), "")],
  [odd("z".repeat(MAX_ID_LENGTH + 1), "")],
  [odd("nul\\u0000inside", "")],
  [odd("\\ud800", "")],
  [odd("escape\u001b", "")],
  [odd("", "")],
  [odd("infinite", ',"timestamp":1e999'), "infinite", "error"],
  [odd("deep", `,"metadata":${deep}`), "deep", "error"],
  [odd("deep-elsewhere", `,"more":${deep}`), "deep-elsewhere", "error"],
  [odd("half", ',"query":"\\udc00"'), "half", "error"],
  [odd("listed", ',"metadata":[]'), "listed", "error"],
  [odd("twice-1", ',"id":"twice-2"'), "twice-2", "processed"],
  [odd("proto", ',"__proto__":{"polluted":1},"metadata":{"__proto__":{"polluted":1}}'), "proto", "processed"],
  [odd("built", ',"constructor":{"prototype":{"polluted":1}}'), "built", "processed"],
  [odd("late", ',"timestamp":-1e308'), "late", "processed"],
  [odd("tiny", ',"timestamp":5e-324'), "tiny", "processed"],
  [odd("exact", ',"timestamp":9007199254740993'), "exact", "processed"],
  ...["ack", "response", "auth", "pong", "auth_success", "challenge", "error", "\\u001b[2J"].map((type) =>
    [odd(`of type ${type}`, `,"type":"${type}"`)] as const
  ),
];

// deno-lint-ignore no-control-regex -- these are what must not be there
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/;

for (const LOG_FORMAT of ["text", "json"]) {
  for (const LOG_CONTENT of ["true", "false"]) {
    Deno.test(`odd ids and frames get the right acks, and put no control character into the log: ${LOG_FORMAT}, content ${LOG_CONTENT}`, async () => {
      await using server = await startServer({ events: [] });
      await using agent = await startAgent({
        env: {
          EVENT_TRANSPORT: "websocket",
          WEBSOCKET_URL: server.url,
          AGENT_CONCURRENCY: "1",
          LOG_LEVEL: "debug",
          LOG_FORMAT,
          LOG_CONTENT,
        },
      });
      await server.authenticated(1);
      server.send(...IDS.map((id) => event(id)), ...FRAMES.map(([frame]) => frame), event("last"));
      await server.received((message) => message.type === "ack" && message.eventId === "last");
      const expected = [
        ...IDS.map((id) => [id, "processed"]),
        ...FRAMES.flatMap(([, id, status]) => id === undefined ? [] : [[id, status]]),
        ["last", "processed"],
      ].toSorted();
      const acks = await server.acks(expected.length);
      assertEquals(acks.map(({ eventId, status }) => [eventId, status]).toSorted(), expected as string[][]);
      assertEquals(server.frames.length, 1, "the connection lasted");
      const answered = expected.filter(([, status]) => status === "processed").map(([id]) => id);
      const entries = await agent.responses(answered.length);
      assertEquals(entries.map(({ queryId }) => queryId).sort(), answered.sort());
      assertEquals((await agent.stop()).code, 0);
      assert(agent.lines.length > IDS.length);
      assertEquals(agent.lines.filter((line) => CONTROLS.test(line)), []);
      if (LOG_FORMAT === "json") assertEquals(agent.log.length, agent.lines.length, "each line is JSON of its own");
    });
  }
}

/** The most memory that a process has had. Only programs of the system may read of another process. */
function peakMegabytes(pid: number): number {
  const { stdout } = new Deno.Command("grep", { args: ["VmHWM", `/proc/${pid}/status`] }).outputSync();
  const [, kilobytes] = /(\d+) kB/.exec(new TextDecoder().decode(stdout)) ?? [];
  assert(kilobytes !== undefined);
  return Number(kilobytes) / 1_000;
}

/** What a server may send without end. */
const FLOODS: Record<string, () => readonly string[]> = {
  "auth_success": () => Array(20_000).fill('{"type":"auth_success","message":"again"}'),
  "unknown types": () => Array.from({ length: 20_000 }, (_, n) => `{"type":"news-${n}"}`),
  "malformed frames": () => Array.from({ length: 20_000 }, (_, n) => `{"id":"m${n}",`),
  "one event again and again": () => Array(20_000).fill(JSON.stringify(event("again"))),
  "pings": () => Array(20_000).fill('{"type":"ping"}'),
  "unknown frames of 1 MB": () => Array(100).fill(JSON.stringify({ type: "news", text: "x".repeat(1_000_000) })),
  "events that are too large": () =>
    Array.from({ length: 20 }, (_, n) => JSON.stringify(event(`large${n}`, "x".repeat(2_000_000)))),
};

for (const [what, make] of Object.entries(FLOODS)) {
  Deno.test(`a flood of ${what} keeps no event from its answer, fills no log, and fits into 512 MB`, async () => {
    await using server = await startServer({ events: [] });
    await using agent = await startAgent({
      env: { EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url },
    });
    await server.authenticated(1);
    server.send(...make(), event("last"));
    await server.received((message) => message.type === "ack" && message.eventId === "last");
    const peak = peakMegabytes(agent.pid);
    assert(peak < 512, `${peak} MB`);
    assertEquals((await agent.stop()).code, 0);
    assertEquals((await agent.responses(1)).filter(({ queryId }) => queryId === "last").length, 1);
    // 200 lines of one sentence, and a few sentences.
    assert(agent.lines.length < 2_000, `${agent.lines.length} lines`);
  });
}

/** Events that may be sent, and how many. */
const CROWDS = {
  "5,000 small events": { count: 5_000, query: "What is iExec?" },
  "100 events of 900 kB": { count: 100, query: "What is iExec? ".repeat(60_000) },
};

for (const [what, { count, query }] of Object.entries(CROWDS)) {
  Deno.test(`${what} at once get an answer each, and fit into 512 MB`, async () => {
    await using server = await startServer({ events: [] });
    await using agent = await startAgent({ env: { EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url } });
    await server.authenticated(1);
    const ids = Array.from({ length: count }, (_, n) => `q${n}`);
    server.send(...ids.map((id) => event(id, query)));
    const acks = await server.acks(count);
    assertEquals(new Set(acks.map(({ eventId }) => eventId)), new Set(ids));
    assertEquals(new Set(acks.map(({ status }) => status)), new Set(["processed"]));
    const peak = peakMegabytes(agent.pid);
    assert(peak < 512, `${peak} MB`);
    assertEquals((await agent.responses(count)).length, count);
  });
}

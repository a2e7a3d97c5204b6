/** The bodies of answers, in every form that servers send. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { ModelError } from "../../../src/mind/model_error.ts";
import { recordsOf } from "../../../src/mind/models/records.ts";

const CONTEXT = { where: "The server", remedy: "Look at the address" };

/** The objects in a body that comes in `pieces`. */
async function read(pieces: string | readonly (string | Uint8Array)[], headers: Record<string, string> = {}) {
  const chunks = [pieces].flat().map((piece) => typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  const found: unknown[] = [];
  for await (const record of recordsOf(new Response(ReadableStream.from(chunks), { headers }), CONTEXT)) {
    found.push(record);
  }
  return found;
}

async function failure(body: string, headers: Record<string, string> = {}) {
  const error = await assertRejects(() => read(body, headers), ModelError);
  return [error.kind, error.message];
}

Deno.test("events, lines of JSON and one object are told apart by their text, whatever type they are called", async () => {
  const events = 'data: {"a":1}\n\ndata: {"b":2}\n\ndata: [DONE]\n\n';
  for (const headers of [{}, { "content-type": "text/event-stream" }, { "content-type": "text/plain" }]) {
    assertEquals(await read(events, headers), [{ a: 1 }, { b: 2 }]);
    assertEquals(await read('{"a":1}\n{"b":2}\n', headers), [{ a: 1 }, { b: 2 }]);
    assertEquals(await read('{"a":1}', headers), [{ a: 1 }]);
    assertEquals(await read('\n {\n  "a": {\n    "b": [1]\n  }\n}\n', headers), [{ a: { b: [1] } }]);
  }
});

Deno.test("the mark of the end is the end, with an empty line before it or without, and with a line break or without", async () => {
  assertEquals(await read('data: {"a":1}\ndata: [DONE]\ndata: {"b":2}\n'), [{ a: 1 }]);
  assertEquals(await read('data: {"a":1}\n\ndata:[DONE] \n\ndata: {"b":\n\n'), [{ a: 1 }]);
  assertEquals(await read('data: {"a":1}\n\ndata: [DONE]'), [{ a: 1 }]);
  assertEquals(await read('{"a":1}\n[DONE]\n{"b":2}\n'), [{ a: 1 }]);
  assertEquals(await read('{"a":1,"done":false}\n{"b":2,"done":true}\n{"c":\n'), [{ a: 1, done: false }, {
    b: 2,
    done: true,
  }]);
});

for (
  const [what, body] of [
    ["[DONE]", 'data: {"a":1}\n\ndata: [DONE]\n\n'],
    ["[DONE] without a line break", 'data: {"a":1}\r\rdata: [DONE]'],
    ["[DONE] with half a line break", 'data: {"a":1}\r\n\r\ndata: [DONE]\r'],
    ['"done": true', '{"a":1,"done":true}\n'],
  ] as const
) {
  Deno.test(`nothing is waited for behind ${what}, and nobody is told of it before`, async () => {
    let completed = 0;
    async function* bytes() {
      yield await Promise.resolve(new TextEncoder().encode(body));
      throw new Error("read on");
    }
    const found: unknown[] = [];
    const response = { headers: new Headers(), body: bytes(), complete: () => void completed++ };
    for await (const record of recordsOf(response, CONTEXT)) {
      found.push(record);
      assertEquals(completed, 0);
    }
    assertEquals([found.length, completed], [1, 1]);
  });
}

Deno.test("the mark of the end makes a broken object before it no better", async () => {
  assertEquals(await failure('data: {"a":1,\ndata: [DONE]\n\n'), ["faulty", "The server sent invalid JSON"]);
  assertEquals(await failure('{"a":1,\n[DONE]\n'), ["faulty", "The server sent invalid JSON"]);
});

Deno.test("objects before a broken one are there before it is known to be broken", async () => {
  const found: unknown[] = [];
  const body = new Response('data: {"a":1}\n\ndata: {"b":\n\n');
  await assertRejects(async () => {
    for await (const record of recordsOf(body, CONTEXT)) found.push(record);
  }, ModelError);
  assertEquals(found, [{ a: 1 }]);
});

Deno.test("what means nothing between two pieces is skipped", async () => {
  const nothings = [
    ": OPENROUTER PROCESSING\n\n",
    ":\n\n",
    "data: null\n\n",
    "data:\n\n",
    "data: \n\n",
    "data\n\n",
    "event: ping\ndata: 2026-01-01 10:00:00\n\n",
    "event: ping\ndata: {}\n\n",
    "data: ping\n\n",
    "data: []\n\n",
    'data: "keep-alive"\n\n',
    "id: 7\n\n",
    "retry: 3000\n\n",
    "\n\n\n",
  ];
  for (const nothing of nothings) {
    const found = await read(`data: {"a":1}\n\n${nothing}data: {"b":2}\n\n`);
    assertEquals(found.filter((one) => JSON.stringify(one) !== "{}"), [{ a: 1 }, { b: 2 }], nothing);
  }
  assertEquals(await read('{"a":1}\n\nnull\n{"b":2}\n'), [{ a: 1 }, { b: 2 }]);
});

Deno.test("line ends, byte order marks, data over several lines and events without a gap are read", async () => {
  assertEquals(await read('data: {"a":1}\r\n\r\ndata: {"b":2}\r\n\r\n'), [{ a: 1 }, { b: 2 }]);
  assertEquals(await read('data: {"a":1}\r\rdata: {"b":2}\r\r'), [{ a: 1 }, { b: 2 }]);
  assertEquals(await read('\uFEFFdata:{"a":1}\n\n'), [{ a: 1 }]);
  assertEquals(await read('data: {\ndata: "a": 1}\n\n'), [{ a: 1 }]);
  assertEquals(await read('data: {"a":1}\ndata: {"b":2}\n'), [{ a: 1 }, { b: 2 }]);
  assertEquals(await read('data: {"a":1}'), [{ a: 1 }], "the last event need not be closed");
});

Deno.test("an object over several lines of data is read once it is closed, and the next one needs no empty line", async () => {
  assertEquals(await read('data: {"a":\ndata: {"b":1}}\ndata: {"c":2}\n'), [{ a: { b: 1 } }, { c: 2 }]);
  assertEquals(await read('data: {"a":"}]\\"}",\ndata: "b":[{\ndata: }]\ndata: }\ndata: {"c":2}\n\n'), [
    { a: '}]"}', b: [{}] },
    { c: 2 },
  ]);
  assertEquals(await read('data: [\ndata: {"a":1}\ndata: ]\ndata: {"b":2}\n\n'), [{ b: 2 }], "an array is no object");
  assertEquals(await read('data: [info] ping\ndata: {"b":2}\n\n'), [{ b: 2 }]);
  assertEquals(await read('data: ping\ndata: {"b":2}\n\n'), [{ b: 2 }]);
  assertEquals(await read("event: error\ndata: code\ndata: 500\n\n"), [{ error: "code\n500" }]);
});

Deno.test("an object over several lines that is closed wrongly is broken, whatever comes behind it", async () => {
  for (const broken of ["data: {\ndata: a}\n", 'data: {"a":\ndata: 1}}\n', 'data: {"a\ndata: ":1}\n', "data: {\n"]) {
    const [kind, message] = await failure(`${broken}data: {"b":2}\n\n`);
    assertEquals([kind, message], ["faulty", "The server sent invalid JSON"], broken);
  }
});

Deno.test("a body of many short lines is parsed once over, whatever its form", async () => {
  const parse = JSON.parse;
  const many = 20_000;
  const bodies: readonly [string, string][] = [
    ["lines of one event", `data: {"pad":[\n${"data: 1,\n".repeat(many)}data: 1]}\n\n`],
    ["lines of text in one event", `${"data: x\n".repeat(many)}\ndata: {"a":1}\n\n`],
    ["lines of one object", `{"pad":[\n${"1,\n".repeat(many)}1]}\n`],
    ["empty lines", `data: {"a":\ndata: 1}\n${"\n".repeat(many)}`],
    ["comments within an object", `data: {"a":\n${":\n".repeat(many)}data: 1}\n\n`],
    ["lines of JSON", '{"a":1}\n'.repeat(many)],
  ];
  try {
    for (const [what, body] of bodies) {
      let characters = 0;
      JSON.parse = (text: string) => {
        characters += text.length;
        return parse(text);
      };
      assert((await read(body)).length > 0, what);
      assert(characters <= 2 * body.length, `${what}: ${characters} characters parsed of ${body.length}`);
    }
  } finally {
    JSON.parse = parse;
  }
});

Deno.test("an error that comes as an event of its own is an error", async () => {
  assertEquals(await read('event: error\ndata: {"message":"m"}\n\n'), [{ error: { message: "m" } }]);
  assertEquals(await read("event: error\ndata: overloaded\n\n"), [{ error: "overloaded" }]);
  assertEquals(await read('error: {"code":500}\n\n'), [{ error: { code: 500 } }]);
  assertEquals(await read('data: {"error":{"code":500}}\n\n'), [{ error: { code: 500 } }]);
});

Deno.test("a broken object is faulty, and the error quotes nothing of it", async () => {
  const bodies = [
    'data: {"canary\n\ndata: {"b":2}\n\n',
    'data: {"canary',
    '{"a":1}\n{"canary\n{"b":2}\n',
    '{"a":1,\n"canary',
  ];
  for (const body of bodies) assertEquals(await failure(body), ["faulty", "The server sent invalid JSON"], body);
  assertEquals(await failure(""), ["faulty", "The server sent an empty answer"]);
  assertEquals(await failure("\r\n \n"), ["faulty", "The server sent an empty answer"]);
});

Deno.test("something else than an answer is refused, with its type and a hint", async () => {
  const [kind, message] = await failure("<!doctype html><title>canary</title>", {
    "content-type": "text/html; charset=x",
  });
  assertEquals(kind, "refused");
  assertEquals(message, "The server sent something else than an answer (text/html). Look at the address");
  assertMatch((await failure("Ollama is running"))[1]!, /something else than an answer\. Look/);
});

Deno.test("however a body is cut into pieces, the same objects come of it", async () => {
  const text =
    ': x\r\n\r\ndata: {"a":"ä€🍅"}\r\n\r\nevent: ping\ndata: now\n\ndata: {"b":\ndata: 2}\n\ndata: {"c":3}\r\rdata: [DONE]\n\n';
  const bytes = new TextEncoder().encode(text);
  await fc.assert(fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
    const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
    const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
    assertEquals(await read(pieces), [{ a: "ä€🍅" }, { b: 2 }, { c: 3 }]);
  }));
});

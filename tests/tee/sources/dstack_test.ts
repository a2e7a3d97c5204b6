/** Quotes and keys from dstack's guest agent: right ones come through, everything else is a plain error. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { EVENT_LOG } from "../../support/guest_agent.ts";
import { makeFolder } from "../../support/folder.ts";
import { shapedQuote } from "../../support/tdx_quote.ts";

const DATA = new Uint8Array(64).map((_, index) => index);
const LONG = 60_000;

interface Told {
  readonly asked: { method: string; body: Record<string, unknown> }[];
  readonly result?: unknown;
  readonly error?: string;
  readonly isPassing?: boolean;
}

/** What comes of cases such as `quote:1000:right`, one after the other. */
async function ask(cases: readonly string[], env: Record<string, string> = {}): Promise<Told[]> {
  await using folder = makeFolder();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "-A",
      new URL("dstack_process.ts", import.meta.url).pathname,
      folder.path,
      ...cases,
    ],
    env,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("a right answer of the guest agent is the quote, with its event log and configuration", async () => {
  const [told] = await ask([`quote:${LONG}:right`]);
  assertEquals(told!.asked, [{ method: "/GetQuote", body: { report_data: DATA.toHex() } }]);
  assertEquals(told!.result, {
    format: "tdx-quote",
    quote: shapedQuote(DATA).toBase64({ alphabet: "base64url", omitPadding: true }),
    event_log: EVENT_LOG,
    vm_config: '{"cpu_count":2}',
  });
});

Deno.test("every wrong answer of the guest agent is an error that says what came, and whether to ask again", async () => {
  const expected: Record<string, [message: RegExp, isPassing: boolean]> = {
    "400": [/^GetQuote was answered with 400: report_data: expected at most 64 bytes$/, false],
    "500": [/^GetQuote was answered with 500: the quoting service is not there yet$/, true],
    "reset": [/^the connection ended before a whole response$/, true],
    "other data": [/other report data than was asked for/, false],
    "lie": [/^the quote has other report data than was asked for$/, true],
    "no quote": [/^this platform gives no TDX quote/, false],
    "no JSON": [/^GetQuote was answered with no JSON$/, false],
    "other form": [/^GetQuote was answered in another form: .*quote/, false],
    "endless": [/larger than 4194304 bytes/, false],
    "absent": [/^cannot be reached/, true],
    "stale": [/^cannot be reached/, true],
  };
  const told = await ask(Object.keys(expected).map((answer) => `quote:${LONG}:${answer}`));
  for (const [index, [answer, [message, isPassing]]] of Object.entries(expected).entries()) {
    assertMatch(told[index]!.error ?? "", message, answer);
    assertEquals(told[index]!.isPassing, isPassing, answer);
    assert(!told[index]!.error!.includes("CANARY"), answer);
  }
});

Deno.test("a guest agent that says nothing, or half of it, is given up after the time limit", async () => {
  for (const told of await ask(["quote:50:hang", "quote:50:half"])) {
    assertEquals([told.error, told.isPassing], ["no answer within 50 ms", true]);
  }
});

Deno.test("a key is asked for by its path and purpose; a wrong answer is an error that shows nothing of it", async () => {
  const [right, refused, form] = await ask([`key:${LONG}:right`, `key:${LONG}:400`, `key:${LONG}:other form`]);
  assertEquals(right!.asked, [
    { method: "/GetKey", body: { path: "a/path", purpose: "a purpose", algorithm: "ed25519" } },
  ]);
  assertEquals(right!.result, createHash("sha256").update("app key of a/path of right").digest("hex"));
  assertMatch(refused!.error ?? "", /^GetKey was answered with 400/);
  assertMatch(form!.error ?? "", /^GetKey was answered in another form: .*key/);
  assert(!form!.error!.includes("CANARY"));
});

Deno.test("DSTACK_SIMULATOR_ENDPOINT changes nothing", async () => {
  const env = { DSTACK_SIMULATOR_ENDPOINT: "http://127.0.0.1:1" };
  const [told, absent] = await ask([`quote:${LONG}:right`, `quote:${LONG}:absent`], env);
  assertEquals(told!.asked.length, 1);
  assert(told!.result !== undefined);
  assertMatch(absent!.error ?? "", /cannot be reached/);
});

/** Time limits of a request: they end what hangs, after a garbage collection too, and leave alone what is slow. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { ask, DIALECTS, failureOf, optionsFor, requestWith } from "../../support/model_requests.ts";
import { type ModelServer, startModelServer } from "../../support/model_server.ts";

const PROGRAM = new URL("../../support/asking_under_collection.ts", import.meta.url).pathname;
const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;

/** What becomes of a question in a program that collects garbage after each piece of the answer. */
async function askUnderCollection(server: ModelServer, ...limits: number[]) {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "--no-prompt",
      "--v8-flags=--expose-gc",
      "--allow-net=127.0.0.1",
      "--allow-read",
      "--allow-env",
      `--config=${CONFIG}`,
      PROGRAM,
      server.dialect,
      server.url,
      ...limits.map(String),
    ],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([success, text(stderr)], [true, ""]);
  return JSON.parse(text(stdout));
}

for (const dialect of DIALECTS) {
  const about = (what: string) => `${dialect}: ${what}`;

  Deno.test(about("MODEL_TIMEOUT ends an answer that stalls, after a garbage collection too"), async () => {
    await using server = await startModelServer(dialect);
    server.script({ stallAfter: "It is" });
    const { kind, message } = await askUnderCollection(server, 1_000, 600_000);
    assertEquals(kind, "faulty");
    assertMatch(message, /stopped in the middle of its answer for 1000 ms \(MODEL_TIMEOUT\)/);
    await server.cancelled(1);
  });

  Deno.test(
    about("an answer that is called off is cancelled at the server, after a garbage collection too"),
    async () => {
      await using server = await startModelServer(dialect);
      server.script({ stallAfter: "It is" });
      assertEquals(await askUnderCollection(server, 600_000, 600_000, 500), { kind: "other", message: "called off" });
      await server.cancelled(1);
    },
  );

  Deno.test(about("MODEL_ANSWER_TIMEOUT ends an answer that comes steadily and never ends"), async () => {
    await using server = await startModelServer(dialect);
    server.script({ text: "It is and is. ".repeat(4_000), everyMs: 20 });
    const { kind, message } = await askUnderCollection(server, 600_000, 1_500);
    assertEquals(kind, "refused", "another try would end at the same place");
    assertMatch(message, /did not finish its answer within 1500 ms \(MODEL_ANSWER_TIMEOUT\)/);
    await server.cancelled(1);
  });

  Deno.test(about("an answer that takes longer than MODEL_TIMEOUT is taken, as long as pieces come"), async () => {
    await using server = await startModelServer(dialect);
    const text = "word ".repeat(16).trim();
    server.script({ text, everyMs: 200 });
    assertEquals(await ask(optionsFor(server, { silenceMs: 2_000 }), requestWith()), text);
  });

  Deno.test(about("a server that does not even begin within MODEL_TIMEOUT is unavailable"), async () => {
    await using server = await startModelServer(dialect);
    server.script("held", "held");
    const silent = await failureOf(ask(optionsFor(server, { silenceMs: 500 }), requestWith()));
    assertEquals(silent.kind, "unavailable");
    assertMatch(silent.message, /did not answer within 500 ms \(MODEL_TIMEOUT\)/);
    const whole = await failureOf(ask(optionsFor(server, { wholeMs: 500 }), requestWith()));
    assertEquals(whole.kind, "unavailable");
    assertMatch(whole.message, /did not answer within 500 ms \(MODEL_ANSWER_TIMEOUT\)/);
    await server.cancelled(2);
  });

  Deno.test(about("where both limits pass at once, MODEL_TIMEOUT is named"), async () => {
    await using server = await startModelServer(dialect);
    server.script("held");
    const { message } = await failureOf(ask(optionsFor(server, { silenceMs: 300, wholeMs: 300 }), requestWith()));
    assertMatch(message, /did not answer within 300 ms \(MODEL_TIMEOUT\)/);
    await server.cancelled(1);
  });
}

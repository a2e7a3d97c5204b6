/** What each setting takes, and what is said of a wrong value. @module */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readSettings, SETTING_ROWS } from "../../src/program/settings.ts";
import { problems, read, WRONG } from "../support/settings.ts";

Deno.test("every wrong value is named at once, with what it should be and what it is, if that may be shown", () => {
  const expected = SETTING_ROWS.filter(({ name }) => name in WRONG).map(({ name, expected, secret }) =>
    `${name}: expected ${expected}, got ${secret ? "something else" : `"${WRONG[name]}"`}`
  );
  assertEquals(expected.length, Object.keys(WRONG).length);
  assertEquals(problems(WRONG), expected);
  assertEquals(problems({}, Object.entries(WRONG).map(([name, value]) => `${name}=${value}`).join("\n")), expected);
});

Deno.test("any one wrong value is named alone", () => {
  for (const [name, value] of Object.entries(WRONG)) {
    const [only, ...more] = problems({ [name]: value });
    assert(only?.startsWith(`${name}: expected `), only);
    assertEquals(more, []);
  }
});

const RANGE = /whole number .*from (\d+) to (\d+)/;

for (const { name, expected } of SETTING_ROWS.filter(({ expected }) => RANGE.test(expected))) {
  Deno.test(`${name} takes whole numbers in the range it is documented with, and no others`, () => {
    const [least = NaN, most = NaN] = (RANGE.exec(expected) ?? []).slice(1).map(Number);
    fc.assert(
      fc.property(fc.integer({ min: least, max: most }), (value) => {
        assertEquals(read({ [name]: String(value) })[name], value);
      }),
      { examples: [[least], [most]] },
    );
    for (const wrong of [least - 1, most + 1, least + 0.5, `${least} ms`, `+${least}`, `0x${least}`, "NaN", "many"]) {
      assertEquals(problems({ [name]: String(wrong) }), [`${name}: expected ${expected}, got "${wrong}"`]);
    }
  });
}

Deno.test("times are durations too, of one unit or several", () => {
  const durations = {
    "90s": 90_000,
    "1h30m": 5_400_000,
    "1.5s": 1_500,
    "250ms": 250,
    "2m0.5s": 120_500,
    "1d": 86_400_000,
  };
  for (const [text, ms] of Object.entries(durations)) {
    assertEquals(read({ MODEL_TIMEOUT: text }).MODEL_TIMEOUT, ms, text);
  }
  for (const wrong of ["0ms", "-1s", "1 h", "h", "1h30", "1w", "30d", "1e3ms"]) {
    assertEquals(problems({ MODEL_TIMEOUT: wrong }).length, 1, wrong);
  }
});

Deno.test("every setting that expects milliseconds takes a duration", () => {
  const rows = SETTING_ROWS.filter(({ expected }) => expected.includes("milliseconds"));
  assert(rows.length > 10);
  for (const { name } of rows) assertEquals(read({ [name]: "90s" })[name], 90_000, name);
});

Deno.test("settings that are words or flags are read in capitals too", () => {
  const settings = read({ EVENT_TRANSPORT: "WebSocket", LOG_LEVEL: "WARN", LOG_FORMAT: "JSON", LOG_CONTENT: "TRUE" });
  const { EVENT_TRANSPORT, LOG_LEVEL, LOG_FORMAT, LOG_CONTENT } = settings;
  assertEquals([EVENT_TRANSPORT, LOG_LEVEL, LOG_FORMAT, LOG_CONTENT], ["websocket", "warn", "json", true]);
});

Deno.test("USE_WEBSOCKET is another spelling of EVENT_TRANSPORT", () => {
  for (const on of ["true", "True", "1", "yes", "on"]) {
    assertEquals(read({ USE_WEBSOCKET: on }).EVENT_TRANSPORT, "websocket");
  }
  for (const off of ["false", "FALSE", "0", "no", "Off"]) {
    assertEquals(read({ USE_WEBSOCKET: off }).EVENT_TRANSPORT, "file");
  }
  assertEquals(read({ USE_WEBSOCKET: "true", EVENT_TRANSPORT: "websocket" }).EVENT_TRANSPORT, "websocket");
  assertEquals(read({ USE_WEBSOCKET: "false", EVENT_TRANSPORT: "file" }).EVENT_TRANSPORT, "file");
});

Deno.test("EVENT_TRANSPORT and USE_WEBSOCKET that contradict each other are an error, beside every other", () => {
  const contradiction = (transport: string, flag: boolean) =>
    `EVENT_TRANSPORT=${transport} and USE_WEBSOCKET=${flag} contradict each other: remove one of them`;
  assertEquals(problems({ EVENT_TRANSPORT: "file", USE_WEBSOCKET: "1" }), [contradiction("file", true)]);
  assertEquals(problems({ EVENT_TRANSPORT: "websocket" }, "USE_WEBSOCKET=false"), [contradiction("websocket", false)]);
  assertEquals(problems({ EVENT_TRANSPORT: "file", USE_WEBSOCKET: "true", LOG_FORMAT: "xml" }), [
    `LOG_FORMAT: expected auto, text or json, got "xml"`,
    contradiction("file", true),
  ]);
});

Deno.test("WEBSOCKET_URL takes ws and wss addresses only", () => {
  for (const url of ["ws://localhost:8080", "wss://your-domain.com/agent-websocket", "WSS://[::1]:1/?a=b"]) {
    assertEquals(read({ WEBSOCKET_URL: url }).WEBSOCKET_URL, new URL(url));
  }
  for (const wrong of ["localhost:8080", "http://h", "https://h", "ws://", "ws://h/#part", "ws://h/#", "wss//h"]) {
    assertEquals(problems({ WEBSOCKET_URL: wrong }).length, 1, wrong);
  }
});

Deno.test("OpenAI itself is not asked without a key, and any other server is", () => {
  assertEquals(problems({ MODEL_PROVIDER: "openai" }), [
    "OPENAI_API_KEY: expected a key, since MODEL_PROVIDER=openai asks api.openai.com, got nothing",
  ]);
  assertEquals(read({ MODEL_PROVIDER: "openai", OPENAI_API_KEY: "k" }).OPENAI_API_KEY, "k");
  assertEquals(read({ MODEL_PROVIDER: "openai", OPENAI_BASE_URL: "http://h/v1" }).OPENAI_API_KEY, undefined);
  const environment = (name: string) => ({ MODEL_PROVIDER: "openai", IEXEC_REQUESTER_SECRET_3: "secret" })[name];
  assertEquals(readSettings(environment).OPENAI_API_KEY, "secret");
});

Deno.test("the addresses of models are http or https, without what belongs to no address", () => {
  for (const url of ["http://h", "https://u:p%20w@h:1/path/", "HTTP://[::1]:11434"]) {
    assertEquals(read({ OLLAMA_SERVER_URL: url }).OLLAMA_SERVER_URL, new URL(url));
  }
  for (const wrong of ["h:11434", "ws://h", "http://", "http://h/?a=b", "http://h/#a", "http://u:%zz@h", "http://h?"]) {
    assertEquals(problems({ OLLAMA_SERVER_URL: wrong }).length, 1, wrong);
    assertEquals(problems({ OPENAI_BASE_URL: wrong }).length, 1, wrong);
  }
  assertEquals(problems({ OPENAI_BASE_URL: "https://u:p@h/v1" }).length, 1);
});

Deno.test("OLLAMA_KEEP_ALIVE takes what Ollama takes", () => {
  for (const value of ["5m", "1.5h", "1h30m", "300", "-1", "-1s", "0"]) {
    assertEquals(read({ OLLAMA_KEEP_ALIVE: value }).OLLAMA_KEEP_ALIVE, value);
  }
  for (const wrong of ["5 m", "m", "five", "5d", "1e3"]) assertEquals(problems({ OLLAMA_KEEP_ALIVE: wrong }).length, 1);
});

Deno.test("AGENT_ID takes a UUID in lower case, as auth has it", () => {
  const id = "6f0a4b52-3c1e-4d7a-9b65-2e8d1f7c0a34";
  assertEquals(read({ AGENT_ID: id }).AGENT_ID, id);
  for (const wrong of [id.toUpperCase(), id.slice(1), "agent-1"]) assertEquals(problems({ AGENT_ID: wrong }).length, 1);
});

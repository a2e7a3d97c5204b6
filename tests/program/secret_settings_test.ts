/** Secrets among the settings: how they come, and that none is shown. @module */

import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { EXIT, FatalError } from "../../src/errors.ts";
import { envExample } from "../../src/program/help.ts";
import { readSettings, SETTING_ROWS, SETTINGS, VARIABLES } from "../../src/program/settings.ts";
import { misspeltVariables, unknownNames } from "../../src/settings/misspelt.ts";
import { oddities } from "../../src/settings/read.ts";
import { publicUrl } from "../../src/urls.ts";
import { problems, read, WRONG } from "../support/settings.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2);

Deno.test("AGENT_STATE_KEY is 32 bytes in hexadecimal or base64, and no error shows it", () => {
  const bytes = Uint8Array.fromHex(KEY);
  assertEquals(read({ AGENT_STATE_KEY: KEY }).AGENT_STATE_KEY, bytes);
  assertEquals(read({ AGENT_STATE_KEY: bytes.toBase64() }).AGENT_STATE_KEY, bytes);
  for (const word of ["dstack", "DSTACK"]) assertEquals(read({ AGENT_STATE_KEY: word }).AGENT_STATE_KEY, "dstack");
  for (const wrong of ["short", KEY.slice(2), `${KEY}00`, bytes.slice(1).toBase64(), "€".repeat(64)]) {
    assertEquals(problems({ AGENT_STATE_KEY: wrong }), [
      "AGENT_STATE_KEY: expected 32 bytes as 64 hexadecimal digits or in base64, or dstack, got something else",
    ]);
  }
});

Deno.test("iExec's secrets count more than the environment, and the requester's more than the developer's", () => {
  const developer = JSON.stringify({ WEBSOCKET_AUTH_TOKEN: "developer", AGENT_STATE_KEY: KEY, LOG_LEVEL: "debug" });
  const secrets = (environment: Record<string, string>) =>
    readSettings((name) => ({ WEBSOCKET_AUTH_TOKEN: "host", ...environment })[name]);
  const fromDeveloper = secrets({ IEXEC_APP_DEVELOPER_SECRET: developer });
  assertEquals(fromDeveloper.WEBSOCKET_AUTH_TOKEN, "developer");
  assertEquals(fromDeveloper.AGENT_STATE_KEY, Uint8Array.fromHex(KEY));
  assertEquals(fromDeveloper.LOG_LEVEL, "info", "only secrets come from there");
  const fromBoth = secrets({ IEXEC_APP_DEVELOPER_SECRET: developer, IEXEC_REQUESTER_SECRET_1: "requester" });
  assertEquals(fromBoth.WEBSOCKET_AUTH_TOKEN, "requester");
  assertEquals(secrets({}).WEBSOCKET_AUTH_TOKEN, "host");
});

Deno.test("a developer's secret that is no JSON object is refused, and not shown", () => {
  for (const wrong of ["canary", '"canary"', '["canary"]', "null"]) {
    const environment = (name: string) => name === "IEXEC_APP_DEVELOPER_SECRET" ? wrong : undefined;
    const { message, exitCode } = assertThrows(() => readSettings(environment), FatalError);
    assertEquals([exitCode, message.includes("canary")], [EXIT.settings, false]);
  }
});

const NEWLINE = "\n", TOKEN = "s3cret-canary";

Deno.test("a line break at a value's end is left out, which is said of secrets", () => {
  const environment = (name: string) =>
    ({ WEBSOCKET_AUTH_TOKEN: `${TOKEN}\r${NEWLINE}`, LOG_LEVEL: `debug${NEWLINE}` })[name];
  const { WEBSOCKET_AUTH_TOKEN, LOG_LEVEL } = readSettings(environment);
  assertEquals([WEBSOCKET_AUTH_TOKEN, LOG_LEVEL], [TOKEN, "debug"]);
  const [only, ...more] = oddities(SETTINGS, environment, undefined);
  assert(only?.startsWith("WEBSOCKET_AUTH_TOKEN ends with a line break"), only);
  assertEquals(more, []);
});

Deno.test("a key in hexadecimal digits or base64 with a line break behind it is the key", () => {
  const bytes = new Uint8Array(32).fill(7);
  for (const text of [bytes.toHex(), bytes.toBase64()]) {
    assertEquals(read({ AGENT_STATE_KEY: text + NEWLINE }).AGENT_STATE_KEY, bytes);
  }
});

for (
  const [what, value] of [["quotes", `"${TOKEN}"`], ["quotes", `'${TOKEN}'`], ["blanks", ` ${TOKEN}`], [
    "blanks",
    `${TOKEN}\t`,
  ]]
) {
  Deno.test(`a secret with ${what} around it is used as it is, and pointed out without being shown: ${value}`, () => {
    const environment = (name: string) => name === "WEBSOCKET_AUTH_TOKEN" ? value : undefined;
    assertEquals(readSettings(environment).WEBSOCKET_AUTH_TOKEN, value);
    const told = oddities(SETTINGS, environment, undefined);
    assertEquals(told.length, 1);
    assertStringIncludes(told[0]!, `WEBSOCKET_AUTH_TOKEN came with ${what} around it`);
    assertFalse(told[0]!.includes(TOKEN));
  });
}

for (
  const [value, what] of [
    ['"/app/.agent"', "with quotes around it"],
    [" /app/.agent", "with blanks around it"],
    ["/app/.agent # the state", "with a # and words behind it"],
    ['"/app/.agent', "with a quote at one end"],
  ] as const
) {
  Deno.test(`a path is pointed out ${what}, as Docker's --env-file leaves it: ${value}`, () => {
    const environment = (name: string) => name === "AGENT_STATE_DIR" ? value : undefined;
    assertEquals(readSettings(environment).AGENT_STATE_DIR, value);
    assertEquals(oddities(SETTINGS, environment, undefined), [
      `AGENT_STATE_DIR came ${what}, used as it is: take that away unless it belongs to the value`,
    ]);
  });
}

Deno.test("a wrong secret with quotes around it says so", () => {
  assertStringIncludes(
    problems({ AGENT_STATE_KEY: `"${"0".repeat(64)}"` })[0]!,
    "something else, with quotes around it",
  );
});

Deno.test("a value that is cut off at a # in the file is pointed out; comments and quoted values are not", () => {
  const cut = ["WEBSOCKET_AUTH_TOKEN=s3#cret", "export WEBSOCKET_AUTH_TOKEN = s3#cret", "OLLAMA_MODEL=a#b"];
  for (const line of cut) {
    const [only, ...more] = oddities(SETTINGS, () => undefined, line);
    assertStringIncludes(only!, "is cut off at a # in the file");
    assertEquals(more, []);
    assertFalse(only!.includes("s3"));
  }
  for (
    const line of ["OLLAMA_MODEL=a # b", "OLLAMA_MODEL='a#b'", "# OLLAMA_MODEL=a#b", "OTHER=a#b", "OLLAMA_MODEL=a #b"]
  ) {
    assertEquals(oddities(SETTINGS, () => undefined, line), []);
  }
});

Deno.test("no message holds a secret, not even a wrong one", () => {
  const secrets = SETTING_ROWS.filter(({ secret }) => secret).map(({ name }) => name);
  assertEquals(secrets, [
    "WEBSOCKET_URL",
    "WEBSOCKET_AUTH_TOKEN",
    "WEBSOCKET_HEADERS",
    "RABBITMQ_URL",
    "REDIS_URL",
    "NATS_URL",
    "OLLAMA_SERVER_URL",
    "OPENAI_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_EMBEDDING_BASE_URL",
    "OPENAI_EMBEDDING_API_KEY",
    "MODEL_HEADERS",
    "MODEL_QUERY",
    "AGENT_PROXY",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "AGENT_STATE_KEY",
    "AGENT_QUOTE_URL",
  ]);
  const environment = {
    ...WRONG,
    WEBSOCKET_AUTH_TOKEN: "CANARY",
    WEBSOCKET_URL: "https://user:CANARY@example.org/?token=CANARY",
    OLLAMA_SERVER_URL: "https://user:CANARY@example.org/?key=CANARY",
    OPENAI_BASE_URL: "https://user:CANARY@example.org/v1",
    OPENAI_API_KEY: "CANARY CANARY",
    OPENAI_EMBEDDING_BASE_URL: "https://user:CANARY@example.org/v1",
    OPENAI_EMBEDDING_API_KEY: "CANARY CANARY",
    MODEL_HEADERS: '{"a": CANARY}',
    MODEL_QUERY: "key=CANARY CANARY",
    WEBSOCKET_HEADERS: "Host: CANARY",
    AGENT_PROXY: "ftp://user:CANARY@example.org",
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://user:CANARY@example.org/?key=CANARY",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization: CANARY",
    AGENT_QUOTE_URL: "http://user:CANARY@127.0.0.1:1350",
    NATS_NKEY_FILE: "SUACANARYANARYANARYANARYANARYANARYANARYANARYANARYANARYANARY".slice(0, 58),
    WEBSOCKET_KEY_FILE: "-----BEGIN PRIVATE KEY-----\\nCANARY\\n-----END PRIVATE KEY-----",
    NATS_CREDS_FILE: "-----BEGIN NATS USER JWT-----\nCANARY\n------END NATS USER JWT------",
  };
  const told = problems(environment);
  assertFalse(told.join().includes("CANARY"));
  for (const name of ["NATS_NKEY_FILE", "NATS_CREDS_FILE", "WEBSOCKET_KEY_FILE"]) {
    assertEquals(told.filter((line) => line.startsWith(`${name}:`)), [
      `${name}: expected a path, got what probably stands in the file: name the file`,
    ]);
  }
  for (const file of ["WEBSOCKET_AUTH_TOKEN=CANARY$WEBSOCKET_AUTH_TOKEN", "WEBSOCKET_URL=wss:CANARY$WEBSOCKET_URL"]) {
    const { message, exitCode } = assertThrows(() => read({}, file), FatalError);
    assertEquals([exitCode, message.includes("CANARY")], [EXIT.settings, false]);
  }
});

Deno.test("a name in the file that is almost a setting is pointed out, others are none of our business", () => {
  const file = "EVENT_POL_INTERVAL=5\nUSE_WEBSOCKETS=true\nLOG_LEVEL=info\nPATH_TO_X=/x\nAGENT=7\nAGENT_NAME=a\n" +
    "agent_concurrency=5\nEVNT_INPUT_PATH=x\n";
  assertEquals(unknownNames(SETTINGS, () => undefined, file), [
    { name: "EVENT_POL_INTERVAL", meant: "EVENT_POLL_INTERVAL" },
    { name: "USE_WEBSOCKETS", meant: "USE_WEBSOCKET" },
    { name: "AGENT_NAME" },
    { name: "agent_concurrency", meant: "AGENT_CONCURRENCY" },
    { name: "EVNT_INPUT_PATH", meant: "EVENT_INPUT_PATH" },
  ]);
  assertEquals(unknownNames(SETTINGS, () => undefined, envExample().replaceAll(/^#(?=\w)/gm, "")), []);
});

Deno.test("a variable that is a letter away from a setting is pointed out, what other programs set is not", () => {
  const names = [
    ...["WEBSOCKET_ULR", "REDIS_URI", "model_provider", "OPENAI_API_KEYS", "EVENT_TRANSPRT"],
    ...["REDIS_PORT", "NATS_SERVICE_HOST", "OPENAI_ORG_ID", "AGENT_NAME", "LOG", "no_proxy", ...VARIABLES],
  ];
  assertEquals(misspeltVariables(SETTINGS, names), [
    { name: "WEBSOCKET_ULR", meant: "WEBSOCKET_URL" },
    { name: "REDIS_URI", meant: "REDIS_URL" },
    { name: "model_provider", meant: "MODEL_PROVIDER" },
    { name: "OPENAI_API_KEYS", meant: "OPENAI_API_KEY" },
    { name: "EVENT_TRANSPRT", meant: "EVENT_TRANSPORT" },
  ]);
  const { message } = assertThrows(
    () => readSettings((name) => ({ MODEL_PROVIDER: "openai" })[name], "OPENAI_API_KYE=CANARY", { variables: names }),
    FatalError,
  );
  assertStringIncludes(message, "A setting is wrong");
  for (const name of ["OPENAI_API_KYE", "OPENAI_API_KEYS"]) {
    assertStringIncludes(message, `\n  ${name} is no setting: is OPENAI_API_KEY meant?`);
  }
});

Deno.test("a URL is shown without user name, password and query", () => {
  assertEquals(publicUrl(new URL("ws://localhost:8080")), "ws://localhost:8080");
  const url = new URL("wss://user:CANARY@example.org:9443/agents?token=CANARY");
  assertEquals(publicUrl(url), "wss://example.org:9443/agents");
});

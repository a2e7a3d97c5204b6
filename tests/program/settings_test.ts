/** The settings as one table: what they take, what they refuse and how they are documented. @module */

import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { EXIT, FatalError } from "../../src/errors.ts";
import { envExample, settingsHelpText, settingsMarkdown } from "../../src/program/help.ts";
import { readSettings, SETTING_ROWS, type SettingName, SETTINGS } from "../../src/program/settings.ts";
import { oddities, unknownNames } from "../../src/settings/read.ts";
import { publicUrl } from "../../src/urls.ts";

type Environment = Partial<Record<SettingName, string>>;

const NAMES = SETTING_ROWS.map(({ name }) => name);

function read(environment: Environment, file?: string) {
  return readSettings((name) => (environment as Record<string, string>)[name], file);
}

/** What is wrong, a line for each problem. */
function problems(environment: Environment, file?: string): string[] {
  const { message, exitCode } = assertThrows(() => read(environment, file), FatalError);
  assertEquals(exitCode, EXIT.settings);
  const [headline, ...lines] = message.split("\n");
  const count = lines.length === 1 ? "A setting is wrong" : `${lines.length} settings are wrong`;
  assertEquals(headline, `${count}. Correct and start again:`);
  return lines.map((line) => line.trim());
}

Deno.test("with nothing set, the settings are the guide's defaults and ours", () => {
  const { WEBSOCKET_URL: url, OLLAMA_SERVER_URL: ollamaUrl, OPENAI_BASE_URL: openaiUrl, ...rest } = read({});
  assertEquals(url, new URL("ws://localhost:8080"));
  assertEquals(ollamaUrl, new URL("http://localhost:11434"));
  assertEquals(openaiUrl, new URL("https://api.openai.com/v1"));
  assertEquals(rest, {
    EVENT_TRANSPORT: "file",
    USE_WEBSOCKET: undefined,
    EVENT_INPUT_PATH: "iexec_in/events.json",
    EVENT_OUTPUT_PATH: "iexec_out/responses.json",
    EVENT_POLL_INTERVAL: 5_000,
    EVENT_MAX_BYTES: 1024 * 1024,
    WEBSOCKET_AUTH_TOKEN: undefined,
    WEBSOCKET_CA_FILE: undefined,
    WEBSOCKET_RECONNECT_INTERVAL: 5_000,
    WEBSOCKET_MAX_RECONNECT_ATTEMPTS: 10,
    AGENT_CHARACTER: undefined,
    AGENT_ID: undefined,
    MODEL_PROVIDER: "embedded",
    OLLAMA_MODEL: "llama3.2",
    OLLAMA_EMBEDDING_MODEL: undefined,
    OLLAMA_KEEP_ALIVE: undefined,
    OPENAI_API_KEY: undefined,
    OPENAI_MODEL: "gpt-4o-mini",
    OPENAI_EMBEDDING_MODEL: undefined,
    OPENAI_EMBEDDING_BASE_URL: undefined,
    OPENAI_EMBEDDING_API_KEY: undefined,
    MODEL_SEED: undefined,
    MODEL_REASONING: undefined,
    MODEL_HEADERS: undefined,
    MODEL_QUERY: undefined,
    MODEL_EXTRA_BODY: undefined,
    MODEL_CA_FILE: undefined,
    MODEL_TEMPERATURE: undefined,
    MODEL_MAX_TOKENS: 2048,
    MODEL_CONTEXT_WINDOW: 8192,
    MODEL_TIMEOUT: 60_000,
    MODEL_ANSWER_TIMEOUT: 600_000,
    MODEL_MAX_WAIT: 900_000,
    AGENT_CONCURRENCY: 4,
    AGENT_STATE_DIR: ".agent",
    AGENT_STATE_KEY: undefined,
    AGENT_STATE_TAKE_OVER: false,
    AGENT_RETENTION: 30,
    AGENT_SHUTDOWN_GRACE: 10_000,
    AGENT_ENV_FILE: undefined,
    TEE: "auto",
    LOG_LEVEL: "info",
    LOG_FORMAT: "auto",
    LOG_CONTENT: false,
    IEXEC_TASK_ID: undefined,
    IEXEC_IN: undefined,
    IEXEC_OUT: undefined,
    IEXEC_DATASET_FILENAME: undefined,
  });
});

Deno.test("the guide's .env file gives what the guide says", () => {
  const settings = read(
    {},
    `USE_WEBSOCKET=true
WEBSOCKET_URL=wss://your-domain.com/agent-websocket
WEBSOCKET_RECONNECT_INTERVAL=1000  # Tempo tra i tentativi di riconnessione (ms)
WEBSOCKET_MAX_RECONNECT_ATTEMPTS=3  # Numero massimo di tentativi di riconnessione
WEBSOCKET_AUTH_TOKEN=t0ken
EVENT_OUTPUT_PATH=out/responses.json
EVENT_INPUT_PATH=in/events.json
EVENT_POLL_INTERVAL=250
`,
  );
  assertEquals(settings, {
    ...read({}),
    EVENT_TRANSPORT: "websocket",
    USE_WEBSOCKET: true,
    WEBSOCKET_URL: new URL("wss://your-domain.com/agent-websocket"),
    WEBSOCKET_RECONNECT_INTERVAL: 1_000,
    WEBSOCKET_MAX_RECONNECT_ATTEMPTS: 3,
    WEBSOCKET_AUTH_TOKEN: "t0ken",
    EVENT_OUTPUT_PATH: "out/responses.json",
    EVENT_INPUT_PATH: "in/events.json",
    EVENT_POLL_INTERVAL: 250,
  });
});

const KEY = "00112233445566778899aabbccddeeff".repeat(2);

Deno.test("AGENT_STATE_KEY is 32 bytes in hexadecimal or base64, and no error shows it", () => {
  const bytes = Uint8Array.fromHex(KEY);
  assertEquals(read({ AGENT_STATE_KEY: KEY }).AGENT_STATE_KEY, bytes);
  assertEquals(read({ AGENT_STATE_KEY: bytes.toBase64() }).AGENT_STATE_KEY, bytes);
  for (const wrong of ["short", KEY.slice(2), `${KEY}00`, bytes.slice(1).toBase64(), "€".repeat(64)]) {
    assertEquals(problems({ AGENT_STATE_KEY: wrong }), [
      "AGENT_STATE_KEY: expected 32 bytes as 64 hexadecimal digits or in base64, got something else",
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

Deno.test("under iExec each task has a state directory of its own, outside the published result", () => {
  assertEquals(read({ IEXEC_OUT: "/iexec_out", IEXEC_TASK_ID: "0xabc" }).AGENT_STATE_DIR, "/tmp/agent-state/0xabc");
  assertEquals(problems({ IEXEC_TASK_ID: "../escape" })[0]!.slice(0, 14), "IEXEC_TASK_ID:");
});

Deno.test("every setting takes its value from the environment before the file", () => {
  const values: Required<Environment> = {
    EVENT_TRANSPORT: "websocket",
    USE_WEBSOCKET: "true",
    EVENT_INPUT_PATH: "in.json",
    EVENT_OUTPUT_PATH: "out.json",
    EVENT_POLL_INTERVAL: "11",
    EVENT_MAX_BYTES: "1000",
    WEBSOCKET_URL: "wss://example.org/agents",
    WEBSOCKET_AUTH_TOKEN: "t0ken",
    WEBSOCKET_CA_FILE: "ca.pem",
    WEBSOCKET_RECONNECT_INTERVAL: "12",
    WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "13",
    AGENT_CHARACTER: "character.json",
    AGENT_ID: "6f0a4b52-3c1e-4d7a-9b65-2e8d1f7c0a34",
    MODEL_PROVIDER: "openai",
    OLLAMA_SERVER_URL: "https://user:pass@ollama.example.org",
    OLLAMA_MODEL: "mistral",
    OLLAMA_EMBEDDING_MODEL: "nomic-embed-text",
    OLLAMA_KEEP_ALIVE: "10m",
    OPENAI_BASE_URL: "http://localhost:8000/v1",
    OPENAI_API_KEY: "k3y",
    OPENAI_MODEL: "qwen",
    OPENAI_EMBEDDING_MODEL: "bge-m3",
    OPENAI_EMBEDDING_BASE_URL: "http://localhost:8001/v1",
    OPENAI_EMBEDDING_API_KEY: "k3y2",
    MODEL_SEED: "7",
    MODEL_REASONING: "low",
    MODEL_HEADERS: '{"X-Tenant":"blue"}',
    MODEL_QUERY: "api-version=1",
    MODEL_EXTRA_BODY: '{"top_p":0.5}',
    MODEL_CA_FILE: "model_ca.pem",
    MODEL_TEMPERATURE: "0.5",
    MODEL_MAX_TOKENS: "100",
    MODEL_CONTEXT_WINDOW: "4096",
    MODEL_TIMEOUT: "17",
    MODEL_ANSWER_TIMEOUT: "19",
    MODEL_MAX_WAIT: "18",
    AGENT_CONCURRENCY: "14",
    AGENT_STATE_DIR: "state",
    AGENT_STATE_KEY: KEY,
    AGENT_STATE_TAKE_OVER: "true",
    AGENT_RETENTION: "16",
    AGENT_SHUTDOWN_GRACE: "15",
    AGENT_ENV_FILE: "agent.env",
    TEE: "none",
    LOG_LEVEL: "debug",
    LOG_FORMAT: "json",
    LOG_CONTENT: "true",
    IEXEC_TASK_ID: "0xabc",
    IEXEC_IN: "/iexec_in",
    IEXEC_OUT: "/iexec_out",
    IEXEC_DATASET_FILENAME: "data.json",
  };
  const inFile = SETTING_ROWS.filter(({ environmentOnly }) => !environmentOnly).map(({ name }) => name);
  const others = inFile.map((name) => `${name}=not ${values[name]}`).join("\n");
  assertEquals(read(values, others), read(values));
  const { AGENT_ENV_FILE, TEE } = values;
  assertEquals(read({ AGENT_ENV_FILE, TEE }, inFile.map((name) => `${name}=${values[name]}`).join("\n")), read(values));
  for (const [name, value] of Object.entries(read(values))) {
    assertFalse(value === read({})[name as SettingName], `${name} is still at its default`);
  }
});

Deno.test("an empty text counts as not set, in the environment and in the file", () => {
  const empty = Object.fromEntries(NAMES.map((name) => [name, ""]));
  assertEquals(read(empty, NAMES.map((name) => `${name}=`).join("\n")), read({}));
  assertEquals(read({ LOG_LEVEL: "" }, "LOG_LEVEL=debug").LOG_LEVEL, "debug");
});

Deno.test("a reference in the file finds what the environment sets", () => {
  assertEquals(read({ IEXEC_OUT: "/out" }, "EVENT_OUTPUT_PATH=$IEXEC_OUT/a.json").EVENT_OUTPUT_PATH, "/out/a.json");
});

const WRONG: Environment = {
  EVENT_TRANSPORT: "pigeon",
  USE_WEBSOCKET: "maybe",
  EVENT_POLL_INTERVAL: "9",
  EVENT_MAX_BYTES: "1e6",
  WEBSOCKET_URL: "http://localhost:8080",
  WEBSOCKET_RECONNECT_INTERVAL: "-5000",
  WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "0",
  MODEL_PROVIDER: "oracle",
  OLLAMA_SERVER_URL: "localhost:11434",
  OLLAMA_KEEP_ALIVE: "a while",
  OPENAI_BASE_URL: "https://user:pass@example.org/v1",
  OPENAI_API_KEY: "two words",
  MODEL_TEMPERATURE: "2.5",
  MODEL_CONTEXT_WINDOW: "8k",
  AGENT_CONCURRENCY: "1.5",
  AGENT_SHUTDOWN_GRACE: "10 s",
  LOG_LEVEL: "loud",
  LOG_FORMAT: "xml",
  LOG_CONTENT: "perhaps",
};

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

const RANGE = /from (\d+) to (\d+)/;

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

Deno.test("where iExec sets its directories, the default paths follow them", () => {
  const given = { IEXEC_IN: "/data/in", IEXEC_OUT: "/data/out" };
  assertEquals(read(given), {
    ...read({}),
    ...given,
    EVENT_INPUT_PATH: "/data/in/events.json",
    EVENT_OUTPUT_PATH: "/data/out/responses.json",
    AGENT_STATE_DIR: "/tmp/agent-state/service",
  });
  assertEquals(read({}, "IEXEC_IN=/data/in").EVENT_INPUT_PATH, "/data/in/events.json");
});

Deno.test("the iExec dataset is the character, where its directory is known", () => {
  const IEXEC_IN = "/data/in", IEXEC_DATASET_FILENAME = "0xabc.json";
  assertEquals(read({ IEXEC_IN, IEXEC_DATASET_FILENAME }).AGENT_CHARACTER, "/data/in/0xabc.json");
  assertEquals(read({ IEXEC_IN }).AGENT_CHARACTER, undefined);
  assertEquals(read({ IEXEC_DATASET_FILENAME }).AGENT_CHARACTER, undefined);
});

Deno.test("paths that are set stand, whatever iExec sets", () => {
  const iexec = { IEXEC_IN: "/data/in", IEXEC_OUT: "/data/out", IEXEC_DATASET_FILENAME: "0xabc.json" };
  const set = {
    EVENT_INPUT_PATH: "a.json",
    EVENT_OUTPUT_PATH: "b.json",
    AGENT_CHARACTER: "c.json",
    AGENT_STATE_DIR: "state",
  };
  assertEquals(read({ ...iexec, ...set }), { ...read(iexec), ...set });
  assertEquals(read(iexec, Object.entries(set).map(([name, path]) => `${name}=${path}`).join("\n")), {
    ...read(iexec),
    ...set,
  });
});

Deno.test("no message holds a secret, not even a wrong one", () => {
  const secrets = SETTING_ROWS.filter(({ secret }) => secret).map(({ name }) => name);
  assertEquals(secrets, [
    "WEBSOCKET_URL",
    "WEBSOCKET_AUTH_TOKEN",
    "OLLAMA_SERVER_URL",
    "OPENAI_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_EMBEDDING_BASE_URL",
    "OPENAI_EMBEDDING_API_KEY",
    "MODEL_HEADERS",
    "MODEL_QUERY",
    "AGENT_STATE_KEY",
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
  };
  assertFalse(problems(environment).join().includes("CANARY"));
  for (const file of ["WEBSOCKET_AUTH_TOKEN=CANARY$WEBSOCKET_AUTH_TOKEN", "WEBSOCKET_URL=wss:CANARY$WEBSOCKET_URL"]) {
    const { message, exitCode } = assertThrows(() => read({}, file), FatalError);
    assertEquals([exitCode, message.includes("CANARY")], [EXIT.settings, false]);
  }
});

Deno.test("a name in the file that is almost a setting is pointed out, others are none of our business", () => {
  const file = "EVENT_POL_INTERVAL=5\nUSE_WEBSOCKETS=true\nLOG_LEVEL=info\nPATH_TO_X=/x\nAGENT=7\nAGENT_NAME=a\n";
  assertEquals(unknownNames(SETTINGS, () => undefined, file), ["EVENT_POL_INTERVAL", "USE_WEBSOCKETS", "AGENT_NAME"]);
  assertEquals(unknownNames(SETTINGS, () => undefined, envExample().replaceAll(/^#(?=\w)/gm, "")), []);
});

Deno.test("a URL is shown without user name, password and query", () => {
  assertEquals(publicUrl(new URL("ws://localhost:8080")), "ws://localhost:8080");
  const url = new URL("wss://user:CANARY@example.org:9443/agents?token=CANARY");
  assertEquals(publicUrl(url), "wss://example.org:9443/agents");
});

for (const { name, meaning, expected, environmentOnly, default: value } of SETTING_ROWS) {
  Deno.test(`${name} is documented: what it means, what it must be, what it is by default`, () => {
    for (const text of [meaning, expected, value]) assert(text.trim() !== "" && !/[|\n]/.test(text), text);
    const plain = (text: string) => text.replaceAll("`", "");
    const facts = `Expected: ${expected}. Default: ${plain(value)}.`;
    // It is wrapped at 80 columns.
    const help = settingsHelpText().replaceAll(/\n {4}/g, " ");
    assertStringIncludes(`${help}\n`, `\n${name} ${plain(meaning)}. ${facts}\n`);
    assertStringIncludes(settingsMarkdown(), `| \`${name}\` | ${meaning} | ${expected} | ${value} |`);
    // iExec's own are not the operator's to set, and some decide whether there is a file.
    const example = `# ${plain(meaning)}.\n# ${facts}\n#${name}=`;
    assertEquals(envExample().includes(example), !name.startsWith("IEXEC_") && !environmentOnly);
  });
}

Deno.test(".env.example in the repository is what the settings make of it", async () => {
  const url = new URL("../../.env.example", import.meta.url);
  assertEquals(await Deno.readTextFile(url), envExample(), "write it anew: deno task docs");
});

Deno.test(".env.example changes nothing as it is, and nothing with every # taken away", () => {
  assertEquals(read({}, envExample()), read({}));
  assertEquals(read({}, envExample().replaceAll(/^#(?=\w)/gm, "")), read({}));
});

Deno.test("AGENT_ID takes a UUID in lower case, as auth has it", () => {
  const id = "6f0a4b52-3c1e-4d7a-9b65-2e8d1f7c0a34";
  assertEquals(read({ AGENT_ID: id }).AGENT_ID, id);
  for (const wrong of [id.toUpperCase(), id.slice(1), "agent-1"]) assertEquals(problems({ AGENT_ID: wrong }).length, 1);
});

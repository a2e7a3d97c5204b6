/** Where settings come from: defaults, the environment, the file, iExec. @module */

import { assertEquals, assertFalse } from "@std/assert";
import { SETTING_ROWS, type SettingName } from "../../src/program/settings.ts";
import { problems, read, type SettingsEnvironment } from "../support/settings.ts";

const NAMES = SETTING_ROWS.map(({ name }) => name);

Deno.test("with nothing set, the settings are the guide's defaults and ours", () => {
  const { WEBSOCKET_URL: url, OLLAMA_SERVER_URL: ollamaUrl, OPENAI_BASE_URL: openaiUrl, ...rest } = read({});
  assertEquals(url, new URL("ws://localhost:8080"));
  assertEquals(ollamaUrl, new URL("http://localhost:11434"));
  assertEquals(openaiUrl, new URL("https://api.openai.com/v1"));
  assertEquals(rest, {
    EVENT_TRANSPORT: "file",
    USE_WEBSOCKET: undefined,
    EVENT_INPUT_PATH: "iexec_in/events.json",
    EVENT_OUTPUT: "file",
    EVENT_OUTPUT_PATH: "iexec_out/responses.json",
    EVENT_OUTPUT_ROTATE: undefined,
    AGENT_OUTPUT_KEY: undefined,
    AGENT_SIGN: true,
    AGENT_SIGNATURES: "jws",
    EVENT_POLL_INTERVAL: 5_000,
    EVENT_MAX_BYTES: 1024 * 1024,
    WEBSOCKET_AUTH_TOKEN: undefined,
    WEBSOCKET_HEADERS: undefined,
    WEBSOCKET_PROTOCOL: undefined,
    WEBSOCKET_CA_FILE: undefined,
    WEBSOCKET_CERT_FILE: undefined,
    WEBSOCKET_KEY_FILE: undefined,
    WEBSOCKET_RECONNECT_INTERVAL: 5_000,
    WEBSOCKET_MAX_RECONNECT_ATTEMPTS: 10,
    EVENT_PREFETCH: 16,
    EVENT_MAX_DELIVERIES: 5,
    EVENT_RECONNECT_INTERVAL: 1_000,
    EVENT_MAX_RECONNECT_ATTEMPTS: 10,
    RABBITMQ_URL: undefined,
    RABBITMQ_QUEUE: "agent.events",
    RABBITMQ_OUTCOME_QUEUE: "agent.outcomes",
    RABBITMQ_DECLARE: true,
    RABBITMQ_CA_FILE: undefined,
    RABBITMQ_CERT_FILE: undefined,
    RABBITMQ_KEY_FILE: undefined,
    REDIS_URL: undefined,
    REDIS_STREAM: "{agent}:events",
    REDIS_OUTCOME_STREAM: "{agent}:outcomes",
    REDIS_DEAD_STREAM: "{agent}:dead",
    REDIS_GROUP: "agents",
    REDIS_CLAIM_AFTER: 30_000,
    REDIS_CA_FILE: undefined,
    REDIS_CERT_FILE: undefined,
    REDIS_KEY_FILE: undefined,
    NATS_URL: undefined,
    NATS_STREAM: "AGENT_EVENTS",
    NATS_SUBJECT: "agent.events.>",
    NATS_CONSUMER: "agents",
    NATS_OUTCOME_STREAM: "AGENT_OUTCOMES",
    NATS_OUTCOME_SUBJECT: "agent.outcomes",
    NATS_DEAD_SUBJECT: "agent.dead",
    NATS_ACK_WAIT: 30_000,
    NATS_DECLARE: true,
    NATS_CREDS_FILE: undefined,
    NATS_NKEY_FILE: undefined,
    NATS_CA_FILE: undefined,
    NATS_CERT_FILE: undefined,
    NATS_KEY_FILE: undefined,
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
    OPENAI_EMBEDDING_DIMENSIONS: undefined,
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
    AGENT_PROXY: undefined,
    NO_PROXY: undefined,
    STATUS_ADDRESS: undefined,
    STATUS_EXPOSE: false,
    OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
    OTEL_SDK_DISABLED: false,
    OTEL_EXPORTER_OTLP_HEADERS: undefined,
    OTEL_EXPORTER_OTLP_PROTOCOL: undefined,
    OTEL_EXPORTER_OTLP_TIMEOUT: 10_000,
    OTEL_EXPORTER_OTLP_CERTIFICATE: undefined,
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_TRACES_SAMPLER: "parentbased_always_on",
    OTEL_TRACES_SAMPLER_ARG: 1,
    OTEL_METRICS_EXPORTER: "otlp",
    OTEL_BSP_SCHEDULE_DELAY: 5_000,
    OTEL_METRIC_EXPORT_INTERVAL: 60_000,
    OTEL_SERVICE_NAME: "iexec-agent",
    OTEL_RESOURCE_ATTRIBUTES: undefined,
    AGENT_CONCURRENCY: 4,
    AGENT_STATE_DIR: ".agent",
    AGENT_STATE_KEY: undefined,
    AGENT_STATE_TAKE_OVER: false,
    AGENT_RETENTION: 30,
    AGENT_MEMORY_RETENTION: 90,
    AGENT_SHUTDOWN_GRACE: 10_000,
    AGENT_ENV_FILE: undefined,
    AGENT_QUOTE_SOURCE: "auto",
    AGENT_DSTACK_SOCKET: undefined,
    AGENT_TSM_REPORT: undefined,
    AGENT_QUOTE_URL: undefined,
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

Deno.test("under iExec each task has a state directory of its own, outside the published result", () => {
  assertEquals(read({ IEXEC_OUT: "/iexec_out", IEXEC_TASK_ID: "0xabc" }).AGENT_STATE_DIR, "/tmp/agent-state/0xabc");
  assertEquals(problems({ IEXEC_TASK_ID: "../escape" })[0]!.slice(0, 14), "IEXEC_TASK_ID:");
});

Deno.test("every setting takes its value from the environment before the file", () => {
  const values: Required<SettingsEnvironment> = {
    EVENT_TRANSPORT: "websocket",
    USE_WEBSOCKET: "true",
    EVENT_INPUT_PATH: "in.json",
    EVENT_OUTPUT: "sealed",
    EVENT_OUTPUT_PATH: "out.json",
    EVENT_OUTPUT_ROTATE: "7d",
    AGENT_OUTPUT_KEY: "MCowBQYDK2VuAyEAhSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
    AGENT_SIGN: "false",
    AGENT_SIGNATURES: "eip712, JWS",
    EVENT_POLL_INTERVAL: "11",
    EVENT_MAX_BYTES: "1000",
    WEBSOCKET_URL: "wss://example.org/agents",
    WEBSOCKET_AUTH_TOKEN: "t0ken",
    WEBSOCKET_HEADERS: "X-Agent: 7",
    WEBSOCKET_PROTOCOL: "agents.v1",
    WEBSOCKET_CA_FILE: "ca.pem",
    WEBSOCKET_CERT_FILE: "cert.pem",
    WEBSOCKET_KEY_FILE: "key.pem",
    WEBSOCKET_RECONNECT_INTERVAL: "12",
    WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "13",
    EVENT_PREFETCH: "19",
    EVENT_MAX_DELIVERIES: "20",
    EVENT_RECONNECT_INTERVAL: "21",
    EVENT_MAX_RECONNECT_ATTEMPTS: "22",
    RABBITMQ_URL: "amqps://user:pass@rabbit.example.org/vhost",
    RABBITMQ_QUEUE: "one, two",
    RABBITMQ_OUTCOME_QUEUE: "outcomes",
    RABBITMQ_DECLARE: "false",
    RABBITMQ_CA_FILE: "rabbit_ca.pem",
    RABBITMQ_CERT_FILE: "rabbit_cert.pem",
    RABBITMQ_KEY_FILE: "rabbit_key.pem",
    REDIS_URL: "rediss://user:pass@redis.example.org/1",
    REDIS_STREAM: "urgent, events",
    REDIS_OUTCOME_STREAM: "outcomes",
    REDIS_DEAD_STREAM: "dead",
    REDIS_GROUP: "group",
    REDIS_CLAIM_AFTER: "1000",
    REDIS_CA_FILE: "redis_ca.pem",
    REDIS_CERT_FILE: "redis_cert.pem",
    REDIS_KEY_FILE: "redis_key.pem",
    NATS_URL: "tls://user:pass@a.example.org,tls://b.example.org:4333",
    NATS_STREAM: "EVENTS",
    NATS_SUBJECT: "events.*.>",
    NATS_CONSUMER: "consumer",
    NATS_OUTCOME_STREAM: "OUTCOMES",
    NATS_OUTCOME_SUBJECT: "outcomes",
    NATS_DEAD_SUBJECT: "dead",
    NATS_ACK_WAIT: "1001",
    NATS_DECLARE: "false",
    NATS_CREDS_FILE: "user.creds",
    NATS_NKEY_FILE: "user.nk",
    NATS_CA_FILE: "nats_ca.pem",
    NATS_CERT_FILE: "nats_cert.pem",
    NATS_KEY_FILE: "nats_key.pem",
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
    OPENAI_EMBEDDING_DIMENSIONS: "256",
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
    AGENT_PROXY: "http://proxy.example.org:3128",
    NO_PROXY: ".example.com",
    STATUS_ADDRESS: "127.0.0.1:9464",
    STATUS_EXPOSE: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example.org",
    OTEL_SDK_DISABLED: "true",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20x",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_TIMEOUT: "101",
    OTEL_EXPORTER_OTLP_CERTIFICATE: "/etc/agent/collector.pem",
    OTEL_TRACES_EXPORTER: "none",
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_BSP_SCHEDULE_DELAY: "102",
    OTEL_METRIC_EXPORT_INTERVAL: "103",
    OTEL_SERVICE_NAME: "my-agent",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    AGENT_CONCURRENCY: "14",
    AGENT_STATE_DIR: "state",
    AGENT_STATE_KEY: "00112233445566778899aabbccddeeff".repeat(2),
    AGENT_STATE_TAKE_OVER: "true",
    AGENT_RETENTION: "16",
    AGENT_MEMORY_RETENTION: "17",
    AGENT_SHUTDOWN_GRACE: "15",
    AGENT_ENV_FILE: "agent.env",
    AGENT_QUOTE_SOURCE: "http",
    AGENT_DSTACK_SOCKET: "dstack.sock",
    AGENT_TSM_REPORT: "report",
    AGENT_QUOTE_URL: "http://127.0.0.1:1350/raw",
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
  const { AGENT_ENV_FILE, AGENT_QUOTE_SOURCE, TEE } = values;
  const inEnvironment = { AGENT_ENV_FILE, AGENT_QUOTE_SOURCE, TEE };
  assertEquals(read(inEnvironment, inFile.map((name) => `${name}=${values[name]}`).join("\n")), read(values));
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

/** Settings of the models: who answers, and where it is asked. @module */

import { bareHttpUrl, type Check, decimal, duration, httpUrl, like, text, whole, word } from "../../settings/checks.ts";
import { milliseconds, optional, setting, type SettingValues, type ValuesOf } from "../../settings/definition.ts";

/** The providers there are, as MODEL_PROVIDER names them. */
export const MODEL_PROVIDERS = ["embedded", "ollama", "openai"] as const;

/** How much a model thinks before it answers, as MODEL_REASONING says it. */
export const REASONING = ["off", "minimal", "low", "medium", "high"] as const;
export type Reasoning = typeof REASONING[number];

/** Settings that go to the model's server in confidence. */
const CONFIDENTIAL = ["MODEL_HEADERS", "MODEL_QUERY"];
/** Fields of a request that carry the question, or the form of the answer: MODEL_EXTRA_BODY must not replace them. */
const OWN_FIELDS = ["messages", "model", "stream"];

/** Ollama's address; ElizaOS's own spelling has `/api` at the end. */
const ollamaUrl: Check<URL> = (given) => {
  const url = httpUrl(given);
  if (url) url.pathname = url.pathname.replace(/\/api\/?$/, "");
  return url;
};

/** A JSON object. */
const jsonObject: Check<Readonly<Record<string, unknown>>> = (given) => {
  try {
    const value: unknown = JSON.parse(given);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    // The row says what is expected; the parser's message would quote the value.
    return undefined;
  }
};

/** A JSON object of header names and values. @see RFC 9110, 5.5 and 5.6.2 */
const headers: Check<Readonly<Record<string, string>>> = (given) => {
  const entries = Object.entries(jsonObject(given) ?? { "": "" });
  const isHeader = ([name, value]: [string, unknown]): boolean =>
    /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof value === "string" && /^[\t\x20-\x7e]*$/.test(value);
  return entries.every(isHeader)
    ? Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
    : undefined;
};

/** A JSON object without the fields that are the agent's own. */
const extraBody: Check<Readonly<Record<string, unknown>>> = (given) => {
  const value = jsonObject(given);
  return value && OWN_FIELDS.every((name) => !(name in value)) ? value : undefined;
};

const asksOpenaiForEmbeddings = ({ MODEL_PROVIDER, OPENAI_EMBEDDING_MODEL }: SettingValues) =>
  MODEL_PROVIDER === "openai" && OPENAI_EMBEDDING_MODEL !== undefined;

/** Settings of every provider; names and defaults of the guide are a contract. */
export const MODEL_SETTINGS = {
  MODEL_PROVIDER: setting({
    meaning: "Who answers: the model built in, an Ollama server, or one that speaks OpenAI's interface",
    expected: `one of ${MODEL_PROVIDERS.join(", ")}`,
    check: word(MODEL_PROVIDERS),
    default: "embedded",
  }),
  OLLAMA_SERVER_URL: setting({
    meaning: "Ollama: its server; a user name and password in it are sent as basic authentication",
    expected: "an http:// or https:// URL without a query or #fragment",
    check: ollamaUrl,
    olderNames: ["OLLAMA_API_ENDPOINT", "OLLAMA_API_URL"],
    default: "http://localhost:11434",
    secret: true,
    connects: { when: ({ MODEL_PROVIDER }) => MODEL_PROVIDER === "ollama", secrets: CONFIDENTIAL },
  }),
  OLLAMA_MODEL: setting({
    meaning: "Ollama: the model that answers, as `ollama list` names it",
    expected: "a model's name",
    check: text,
    olderNames: ["OLLAMA_LARGE_MODEL"],
    ...orFallback("llama3.2", ["LARGE_MODEL", "OLLAMA_MEDIUM_MODEL", "OLLAMA_SMALL_MODEL", "SMALL_MODEL"]),
  }),
  OLLAMA_EMBEDDING_MODEL: optional({
    meaning: "Ollama: the model that makes embeddings, such as `nomic-embed-text`; without one there are none",
    expected: "a model's name",
    check: text,
  }),
  OLLAMA_KEEP_ALIVE: optional({
    meaning: "Ollama: how long the model stays loaded after an answer; a negative one is for ever",
    expected: "a duration such as 30s, 1h30m or -1s, or a whole number of seconds",
    check: like(/^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$|^-?\d+$/),
    defaultText: "the server's: 5 minutes",
  }),
  OPENAI_BASE_URL: setting({
    meaning: "OpenAI's interface: where it is spoken, mostly with `/v1` at the end",
    expected: "an http:// or https:// URL without user name, password, query or #fragment",
    check: bareHttpUrl,
    default: "https://api.openai.com/v1",
    secret: true,
    connects: {
      when: ({ MODEL_PROVIDER }) => MODEL_PROVIDER === "openai",
      secrets: ["OPENAI_API_KEY", ...CONFIDENTIAL],
    },
  }),
  OPENAI_API_KEY: optional({
    meaning: "OpenAI's interface: the key; many servers of one's own need none",
    expected: "printable ASCII without blanks",
    check: like(/^[\x21-\x7e]+$/),
    secret: true,
    requesterSecret: 3,
    conflict: ({ MODEL_PROVIDER, OPENAI_BASE_URL: url, OPENAI_API_KEY }) =>
      MODEL_PROVIDER === "openai" && url instanceof URL && url.host === "api.openai.com" && OPENAI_API_KEY === undefined
        ? "OPENAI_API_KEY: expected a key, since MODEL_PROVIDER=openai asks api.openai.com, got nothing"
        : undefined,
  }),
  OPENAI_MODEL: setting({
    meaning: "OpenAI's interface: the model that answers, as `/v1/models` lists it",
    expected: "a model's name",
    check: text,
    olderNames: ["OPENAI_LARGE_MODEL"],
    ...orFallback("gpt-4o-mini", ["LARGE_MODEL", "OPENAI_SMALL_MODEL", "SMALL_MODEL"]),
  }),
  OPENAI_EMBEDDING_MODEL: optional({
    meaning:
      "OpenAI's interface: the model that makes embeddings, such as `text-embedding-3-small`; without one there are none",
    expected: "a model's name",
    check: text,
  }),
  OPENAI_EMBEDDING_BASE_URL: optional({
    meaning:
      "OpenAI's interface: where embeddings are made, for servers of one model each; OPENAI_API_KEY does not go there",
    expected: "an http:// or https:// URL without user name, password, query or #fragment",
    check: bareHttpUrl,
    olderNames: ["OPENAI_EMBEDDING_URL"],
    defaultText: "the address of `OPENAI_BASE_URL`",
    secret: true,
    connects: { when: asksOpenaiForEmbeddings, secrets: ["OPENAI_EMBEDDING_API_KEY", ...CONFIDENTIAL] },
  }),
  OPENAI_EMBEDDING_API_KEY: optional({
    meaning: "OpenAI's interface: the key for embeddings",
    expected: "printable ASCII without blanks",
    check: like(/^[\x21-\x7e]+$/),
    defaultText: "that of `OPENAI_API_KEY`, where `OPENAI_EMBEDDING_BASE_URL` is not set",
    secret: true,
  }),
  OPENAI_EMBEDDING_DIMENSIONS: optional({
    meaning:
      "OpenAI's interface: how many numbers an embedding has, for models that can shorten them; others are asked without",
    expected: "a whole number from 1 to 65536",
    check: whole(1, 65_536),
    defaultText: "the model's own",
  }),
  MODEL_TEMPERATURE: optional({
    meaning: "How freely the model words its answers; 0 hardly at all. The character's own setting counts more",
    expected: "a number between 0 and 2",
    check: decimal(0, 2),
    defaultText: "the model's own",
  }),
  MODEL_MAX_TOKENS: setting({
    meaning:
      "Longest answer, in tokens, a model's thinking included, and at most half of the window; a longer one is cut off and says so",
    expected: "a whole number of tokens from 16 to 1000000",
    check: whole(16, 1_000_000),
    default: "2048",
  }),
  MODEL_CONTEXT_WINDOW: setting({
    meaning: "Tokens that prompt and answer may have together; the prompt is cut to what is left for it",
    expected: "a whole number of tokens from 512 to 10000000",
    check: whole(512, 10_000_000),
    default: "8192",
  }),
  MODEL_SEED: optional({
    meaning: "Number that makes the model choose the same words again, where its server can do that",
    expected: "a whole number from 0 to 2147483647",
    check: whole(0),
  }),
  MODEL_REASONING: optional({
    meaning: "How much a thinking model thinks before it answers; `off` for not at all, where it can do that",
    expected: `one of ${REASONING.join(", ")}`,
    check: word(REASONING),
    defaultText: "the model's own",
  }),
  MODEL_HEADERS: optional({
    meaning: "Headers sent to the model's server with each request, such as Azure's `api-key`, as a JSON object",
    expected: "a JSON object of header names and texts",
    check: headers,
    secret: true,
  }),
  MODEL_QUERY: optional({
    meaning: "Query added to each address of the model's server, such as Azure's `api-version=2024-10-21`",
    expected: "a query without ?, # or blanks",
    check: like(/^[^?#\s]+$/),
    secret: true,
  }),
  MODEL_EXTRA_BODY: optional({
    meaning: "Fields added to each request for an answer, for what a server wants besides, as a JSON object",
    expected: `a JSON object without ${OWN_FIELDS.join(", ")}`,
    check: extraBody,
  }),
  MODEL_CA_FILE: optional({
    meaning: "PEM file of the certificate authority to trust for the model's https://, besides the public ones",
    expected: "a path",
    access: "read",
    check: text,
  }),
  MODEL_TIMEOUT: setting({
    meaning:
      "Longest silence of the model's server in milliseconds, before an answer begins and in the middle of it; then the request is cancelled and tried again",
    expected: milliseconds(1),
    check: duration(1),
    default: "60000",
  }),
  MODEL_ANSWER_TIMEOUT: setting({
    meaning: "Longest time for one answer in milliseconds, however steadily it comes; then it ends in an error",
    expected: milliseconds(1),
    check: duration(1),
    default: "600000",
  }),
  MODEL_MAX_WAIT: setting({
    meaning: "Milliseconds that an event waits, at most, while the model is down; then it ends in an error",
    expected: milliseconds(0),
    check: duration(0),
    default: "900000",
  }),
};

/** The checked values of {@linkcode MODEL_SETTINGS}. */
export type ModelSettings = ValuesOf<typeof MODEL_SETTINGS>;

/** A default that other settings come before: ElizaOS's plugins look for a model's name in this order. */
function orFallback(name: string, others: readonly string[]) {
  return {
    default: (given: (name: string) => string | undefined) =>
      others.map(given).find((one) => one !== undefined) ?? name,
    defaultText: `\`${name}\`, after ${others.map((other) => `\`${other}\``).join(", ")}`,
    fallbackNames: others,
  };
}

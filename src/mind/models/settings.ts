/** Settings of the models: who answers, and where it is asked. @module */

import { bareHttpUrl, decimal, duration, httpUrl, like, text, whole, word } from "../../settings/checks.ts";
import { milliseconds, optional, setting, type ValuesOf } from "../../settings/definition.ts";

/** The providers there are, as MODEL_PROVIDER names them. */
export const MODEL_PROVIDERS = ["embedded", "ollama", "openai"] as const;

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
    check: httpUrl,
    default: "http://localhost:11434",
    secret: true,
    connects: { when: ({ MODEL_PROVIDER }) => MODEL_PROVIDER === "ollama" },
  }),
  OLLAMA_MODEL: setting({
    meaning: "Ollama: the model that answers, as `ollama list` names it",
    expected: "a model's name",
    check: text,
    default: "llama3.2",
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
    connects: { when: ({ MODEL_PROVIDER }) => MODEL_PROVIDER === "openai", secrets: ["OPENAI_API_KEY"] },
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
    default: "gpt-4o-mini",
  }),
  OPENAI_EMBEDDING_MODEL: optional({
    meaning:
      "OpenAI's interface: the model that makes embeddings, such as `text-embedding-3-small`; without one there are none",
    expected: "a model's name",
    check: text,
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
  MODEL_TIMEOUT: setting({
    meaning: "Milliseconds that the model has for one answer; then the request is cancelled and tried again",
    expected: milliseconds(1),
    check: duration(1),
    default: "60000",
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

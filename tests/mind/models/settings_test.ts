/** The models' settings under the names of ElizaOS's plugins, and those that hold JSON. */

import { assertEquals, assertThrows } from "@std/assert";
import { FatalError } from "../../../src/errors.ts";
import { MODEL_SETTINGS } from "../../../src/mind/models/settings.ts";
import { unknownNames } from "../../../src/settings/misspelt.ts";
import { readTable } from "../../../src/settings/read.ts";

type Environment = Record<string, string>;
const read = (environment: Environment, file?: string) =>
  readTable(MODEL_SETTINGS, { environment: (name) => environment[name], file, inTee: false });
const problems = (environment: Environment) =>
  assertThrows(() => read(environment), FatalError).message.split("\n").slice(1).map((line) => line.trim());

const OLDER: readonly [string, string, keyof typeof MODEL_SETTINGS, string][] = [
  ["OPENAI_LARGE_MODEL", "gpt-4o", "OPENAI_MODEL", "gpt-4o"],
  ["OPENAI_EMBEDDING_URL", "http://localhost:1/v1", "OPENAI_EMBEDDING_BASE_URL", "http://localhost:1/v1"],
  ["OLLAMA_LARGE_MODEL", "qwen3", "OLLAMA_MODEL", "qwen3"],
  ["OLLAMA_API_ENDPOINT", "http://localhost:1/api", "OLLAMA_SERVER_URL", "http://localhost:1/"],
  ["OLLAMA_API_URL", "http://localhost:1/api/", "OLLAMA_SERVER_URL", "http://localhost:1/"],
];
for (const [older, value, name, meant] of OLDER) {
  Deno.test(`${older} is an older spelling of ${name}, and a contradiction is named`, () => {
    assertEquals(String(read({ [older]: value })[name]), meant);
    assertEquals(String(read({}, `${older}=${value}`)[name]), meant);
    assertEquals(String(read({ [older]: value, [name]: meant })[name]), meant, "the same twice is no contradiction");
    const other = meant.startsWith("http") ? "http://localhost:2/v1" : "other";
    assertEquals(problems({ [older]: value, [name]: other }), [
      `${name} and ${older} contradict each other: remove ${older}, its older spelling`,
    ]);
    assertEquals(unknownNames(MODEL_SETTINGS, () => undefined, `${older}=x`), []);
  });
}

Deno.test("names that several plugins share are a default, in the order in which ElizaOS looks for them", () => {
  const all = {
    LARGE_MODEL: "large",
    SMALL_MODEL: "small",
    OPENAI_SMALL_MODEL: "o-small",
    OLLAMA_SMALL_MODEL: "l-small",
  };
  const { LARGE_MODEL: _, ...withoutLarge } = all;
  assertEquals([read(all).OPENAI_MODEL, read(all).OLLAMA_MODEL], ["large", "large"]);
  assertEquals([read(withoutLarge).OPENAI_MODEL, read(withoutLarge).OLLAMA_MODEL], ["o-small", "l-small"]);
  assertEquals(read({ SMALL_MODEL: "small" }).OPENAI_MODEL, "small");
  assertEquals(read({ ...all, OPENAI_MODEL: "mine", OLLAMA_LARGE_MODEL: "theirs" }).OPENAI_MODEL, "mine");
  assertEquals(read({ ...all, OLLAMA_LARGE_MODEL: "theirs" }).OLLAMA_MODEL, "theirs");
});

Deno.test("Ollama's address may have /api at its end", () => {
  const addresses = ["http://h:1", "http://h:1/", "http://h:1/api", "http://h:1/api/"];
  for (const address of addresses) {
    assertEquals(read({ OLLAMA_SERVER_URL: address }).OLLAMA_SERVER_URL.href, "http://h:1/");
  }
  assertEquals(read({ OLLAMA_SERVER_URL: "http://h:1/x/api" }).OLLAMA_SERVER_URL.href, "http://h:1/x");
});

Deno.test("headers and fields are JSON objects, and what can't be sent, or is the agent's own, is refused", () => {
  assertEquals(read({ MODEL_HEADERS: '{"api-key":"a b","X-T":""}' }).MODEL_HEADERS, { "api-key": "a b", "X-T": "" });
  assertEquals(read({ MODEL_EXTRA_BODY: '{"top_p":0.9,"a":{"b":[1]}}' }).MODEL_EXTRA_BODY, {
    top_p: 0.9,
    a: { b: [1] },
  });
  for (
    const wrong of ["api-key: k", "[]", "null", '{"a":1}', '{"a b":"x"}', '{"a":"x\\ny"}', '{"":"x"}', '{"a":"ä"}']
  ) {
    assertEquals(problems({ MODEL_HEADERS: wrong }).length, 1, wrong);
  }
  for (const wrong of ["7", "[1]", '{"messages":[]}', '{"stream":false}', '{"model":"x"}']) {
    assertEquals(problems({ MODEL_EXTRA_BODY: wrong }).length, 1, wrong);
  }
});

Deno.test("a key, a header or a query for the model does not cross the network in plaintext", () => {
  const remote = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: "http://example.org/v1" };
  assertEquals(read(remote).OPENAI_BASE_URL.host, "example.org");
  for (const secret of [{ MODEL_HEADERS: '{"api-key":"k"}' }, { MODEL_QUERY: "key=k" }, { OPENAI_API_KEY: "k" }]) {
    assertEquals(problems({ ...remote, ...secret } as Environment).length, 1);
  }
  const embeddings = { ...remote, OPENAI_EMBEDDING_MODEL: "e", OPENAI_EMBEDDING_BASE_URL: "http://example.org/e" };
  assertEquals(problems({ ...embeddings, OPENAI_EMBEDDING_API_KEY: "k" }).length, 1);
});

/** What is told of the settings in force: those that nothing asks for are named. @module */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { changedSettings, effectiveSettings, settingsWithoutEffect } from "../../src/program/effective_settings.ts";
import { readSettings } from "../../src/program/settings.ts";
import { startAgent } from "../support/agent.ts";

function idleOf(environment: Record<string, string>): string | undefined {
  const settings = readSettings((name) => environment[name]);
  return settingsWithoutEffect(changedSettings(effectiveSettings(settings)), settings)?.split(":")[0];
}

Deno.test("settings of a server or model that is not chosen are named, and no others", () => {
  const socket = { WEBSOCKET_URL: "wss://agents.example.org", WEBSOCKET_AUTH_TOKEN: "t" };
  assertEquals(idleOf({}), undefined);
  assertEquals(idleOf(socket), "WEBSOCKET_AUTH_TOKEN, WEBSOCKET_URL");
  assertEquals(idleOf({ ...socket, USE_WEBSOCKET: "true" }), undefined);
  assertEquals(idleOf({ OPENAI_API_KEY: "k" }), "OPENAI_API_KEY");
  assertEquals(idleOf({ OPENAI_API_KEY: "k", MODEL_PROVIDER: "openai" }), undefined);
  assertEquals(idleOf({ OLLAMA_MODEL: "qwen2.5", MODEL_PROVIDER: "openai", OPENAI_API_KEY: "k" }), "OLLAMA_MODEL");
  assertEquals(idleOf({ OTEL_SERVICE_NAME: "a", OTEL_SDK_DISABLED: "true", MODEL_TIMEOUT: "5s" }), undefined);
  const ofAll = {
    AGENT_CONCURRENCY: "2",
    AGENT_SHUTDOWN_GRACE: "1s",
    EVENT_PREFETCH: "2",
    LOG_LEVEL: "debug",
    MODEL_SEED: "1",
  };
  assertEquals(idleOf({ ...ofAll, STATUS_ADDRESS: "127.0.0.1:9464", NO_PROXY: "a" }), undefined);
  for (const [name, url] of [["RABBITMQ", "amqps://b"], ["REDIS", "rediss://b"], ["NATS", "tls://b"]] as const) {
    assertEquals(idleOf({ [`${name}_URL`]: url }), `${name}_URL`);
    assertEquals(idleOf({ [`${name}_URL`]: url, EVENT_TRANSPORT: name.toLowerCase() }), undefined);
  }
});

Deno.test("--check and the start say that a server is not asked because no transport names it", async () => {
  const env = { WEBSOCKET_URL: "ws://localhost:1/", EVENT_POLL_INTERVAL: "50" };
  const says = /WEBSOCKET_URL: without effect, since EVENT_TRANSPORT is file and MODEL_PROVIDER is embedded/;
  await using check = await startAgent({ env, args: ["--check"] });
  assertMatch((await check.ended).stdout, says);
  await using agent = await startAgent({ env });
  const { text } = await agent.logged("💤 {text}");
  assertStringIncludes(String(text), "WEBSOCKET_URL: without effect");
});

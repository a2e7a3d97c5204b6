/** Reads settings as the program does, for tests. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { EXIT, FatalError } from "../../src/errors.ts";
import { readSettings, type SettingName } from "../../src/program/settings.ts";

/** Variables of the environment that are settings. */
export type SettingsEnvironment = Partial<Record<SettingName, string>>;

/** The settings of an environment and the text of a `.env` file. */
export function read(environment: SettingsEnvironment, file?: string) {
  return readSettings((name) => (environment as Record<string, string>)[name], file);
}

/** What is wrong, a line for each problem. */
export function problems(environment: SettingsEnvironment, file?: string): string[] {
  const { message, exitCode } = assertThrows(() => read(environment, file), FatalError);
  assertEquals(exitCode, EXIT.settings);
  const [headline, ...lines] = message.split("\n");
  const count = lines.length === 1 ? "A setting is wrong" : `${lines.length} settings are wrong`;
  assertEquals(headline, `${count}. Correct and start again:`);
  return lines.map((line) => line.trim());
}

/** A wrong value for many settings, each by itself. */
export const WRONG: SettingsEnvironment = {
  EVENT_TRANSPORT: "pigeon",
  USE_WEBSOCKET: "maybe",
  EVENT_POLL_INTERVAL: "9",
  EVENT_MAX_BYTES: "1e6",
  EVENT_OUTPUT: "stdout",
  EVENT_OUTPUT_ROTATE: "weekly",
  AGENT_OUTPUT_KEY: "0123456789abcdef",
  WEBSOCKET_URL: "ftp://localhost:8080",
  WEBSOCKET_HEADERS: "Host: example.org",
  WEBSOCKET_PROTOCOL: "a b",
  WEBSOCKET_RECONNECT_INTERVAL: "-5000",
  WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "0",
  MODEL_PROVIDER: "oracle",
  OLLAMA_SERVER_URL: "localhost:11434",
  OLLAMA_KEEP_ALIVE: "a while",
  OPENAI_BASE_URL: "https://user:pass@example.org/v1",
  OPENAI_API_KEY: "two words",
  MODEL_TEMPERATURE: "2.5",
  MODEL_CONTEXT_WINDOW: "8k",
  AGENT_PROXY: "ftp://proxy",
  AGENT_CONCURRENCY: "1.5",
  AGENT_SHUTDOWN_GRACE: "10 s",
  LOG_LEVEL: "loud",
  LOG_FORMAT: "xml",
  LOG_CONTENT: "perhaps",
};

/** The one door to ElizaOS's core: it comes in silent, and what it has to say goes to our log. @module */

import type { Logger } from "@elizaos/core";
import type { Log } from "../log.ts";

/** The core, loaded. Everywhere else its types are imported, never its values. */
export type Core = typeof import("./core.ts");

/**
 * Warnings of every normal start that nobody can act on, by their whole sentence.
 * @see runtime.ts and settings.ts of @elizaos/core 1.7.2
 */
const HARMLESS: ReadonlySet<string> = new Set([
  // Retrieval here is by words; embeddings are the provider's choice.
  "No TEXT_EMBEDDING model registered, skipping embedding setup",
  // The salt would encrypt secrets in a character; ours never reach the runtime's database.
  "SECRET_SALT is not set or using default value",
  // None of our plugins has a schema: the memory's tables are made before the core sees it.
  "Database adapter does not support plugin migrations",
]);

/** Longest sentence that is passed on, in UTF-16 code units. */
const MAX_SENTENCE_LENGTH = 200;

/**
 * Load the core. It reads these when it is imported, and would print prompts and ask the system for its name: they are
 * set aside until it is there.
 */
export async function loadCore(): Promise<Core> {
  using _ = setAside({ LOG_LEVEL: "fatal", LOG_JSON_FORMAT: undefined });
  const core = await import("./core.ts");
  silenceConsole();
  return core;
}

/**
 * A logger for the core that passes warnings and errors on to `log`: the sentence and who says it, never the values
 * beside it, since those are prompts and answers too. Below warning it does nothing, so that it costs nothing.
 */
export function bridgeLogger(log: Log): Logger {
  const nothing = () => {};
  const pass = (at: "warn" | "error"): Logger["warn"] => (context, sentence) => {
    if (sentence !== undefined && HARMLESS.has(sentence)) return;
    // A lone text is put together by whoever logs it, and an error's message may quote anything.
    if (typeof context === "string" || context instanceof Error || typeof sentence !== "string") {
      log[at]("ElizaOS reported something without a fixed sentence");
      return;
    }
    const { src } = context;
    log[at]("ElizaOS: {sentence}", {
      sentence: sentence.slice(0, MAX_SENTENCE_LENGTH),
      ...(typeof src === "string" && { src }),
    });
  };
  const bridge: Logger = {
    level: "warn",
    trace: nothing,
    debug: nothing,
    info: nothing,
    success: nothing,
    progress: nothing,
    log: nothing,
    clear: nothing,
    warn: pass("warn"),
    error: pass("error"),
    fatal: pass("error"),
    child: () => bridge,
  };
  return bridge;
}

/**
 * Whatever still reaches adze, the core's log library, is not printed: the lines of an AgentRuntime's constructor, and
 * all lines if somebody imported the core before us.
 */
function silenceConsole(): void {
  const { $adzeGlobal } = globalThis as { $adzeGlobal?: { configuration: { silent: boolean } } };
  if ($adzeGlobal === undefined) {
    throw new Error("Cannot silence ElizaOS: its log library keeps its settings elsewhere");
  }
  $adzeGlobal.configuration.silent = true;
}

/** Set variables of the environment, or unset them, until disposed of. Where Deno ignores a variable, nothing happens. */
function setAside(variables: Record<string, string | undefined>): Disposable {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  const write = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  Object.entries(variables).forEach(([name, value]) => write(name, value));
  return { [Symbol.dispose]: () => before.forEach(([name, value]) => write(name, value)) };
}

/** What a start loads of the transports: those of brokers are read only when the settings name one. @module */

import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../support/agent.ts";

/** A module as `deno info --json` describes it. */
interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier?: string };
  }[];
}

/** The modules that are loaded with `main.ts` and the switch among the transports, before a transport is opened. */
async function loadedAtStart(): Promise<ReadonlySet<string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--lock=tests/deno.lock", "main.ts"],
    cwd: ROOT,
    stderr: "null",
  }).output();
  const { modules, roots } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: readonly ModuleInfo[];
    roots: readonly string[];
  };
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>();
  for (const left = [...roots, new URL("src/transports/open.ts", `file://${ROOT}`).href]; left.length > 0;) {
    const specifier = left.pop()!;
    if (loaded.has(specifier)) continue;
    loaded.add(specifier);
    for (const { specifier: wanted, isDynamic, code } of known.get(specifier)?.dependencies ?? []) {
      if (code && !isDynamic) left.push(code.specifier ?? wanted);
    }
  }
  return loaded;
}

Deno.test("a start loads nothing of a broker but the names of its settings", async () => {
  const loaded = [...await loadedAtStart()];
  // The walk works: it comes to the transports that need no package.
  assert(loaded.some((specifier) => specifier.endsWith("/transports/websocket/websocket.ts")), loaded.join("\n"));
  const ofBrokers = loaded.filter((specifier) =>
    /\/transports\/(rabbitmq|redis|nats)\/|amqp|redis@|@redis|nats-io/.test(specifier)
  );
  assertEquals(
    ofBrokers.map((specifier) => specifier.split("/transports/")[1]).sort(),
    ["nats/settings.ts", "rabbitmq/settings.ts", "redis/settings.ts"],
  );
});

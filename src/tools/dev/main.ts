/** `deno task dev`: the agent with queries and answers in its log, started again when its files change. @module */

import { agentCommand } from "../agent_command.ts";
import { develop } from "./develop.ts";
import { watchedFiles } from "./watched_files.ts";

if (import.meta.main) {
  const code = await develop({
    command: agentCommand(Deno.args),
    watched: watchedFiles,
    env: { LOG_CONTENT: "true" },
    say: (text) => console.error(text),
  });
  Deno.exit(code);
}

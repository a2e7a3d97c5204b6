/** The command of `deno task start`, for whatever starts the agent from other folders: one place says its flags. @module */

import config from "../../deno.json" with { type: "json" };

/** The repository, with a slash at its end. */
export const ROOT = new URL("../../", import.meta.url).pathname;

/** The words that start the agent from its sources in any working directory: this Deno, its flags, `main.ts`, `args`. */
export function agentCommand(args: readonly string[]): [command: string, ...args: string[]] {
  const [, , ...words] = config.tasks.start.command.split(" ");
  return [
    Deno.execPath(),
    "run",
    `--config=${ROOT}deno.json`,
    ...words.slice(0, -1),
    `${ROOT}${words.at(-1)}`,
    ...args,
  ];
}

/** A command on a terminal of its own, 80 columns wide, as a person at a keyboard has it. @module */

import { createWatch } from "./watch.ts";

/** What Ctrl+C and Ctrl+D send. */
export const CTRL_C = "\x03", CTRL_D = "\x04";

export interface Terminal extends AsyncDisposable {
  /** Everything on the screen so far, colours included. */
  readonly screen: string;
  /** Resolves once `text` is on the screen. */
  shows(text: string): Promise<void>;
  type(keys: string): Promise<void>;
  /** How the command ended. */
  readonly ended: Promise<{ code: number; screen: string }>;
}

/** The text without colours and with plain line ends. */
export function plainText(screen: string): string {
  // deno-lint-ignore no-control-regex -- escape sequences are what is taken out
  return screen.replace(/\x1b\[[\d;?]*[A-Za-z]/g, "").replaceAll("\r\n", "\n");
}

/**
 * Run a command on a terminal, by util-linux's `script`, which every Linux has. It is killed at the end of the test.
 *
 * @param command Words of a shell, already quoted where they need it.
 */
export function openTerminal(
  command: string,
  options: { folder: string; env: Record<string, string> },
): Terminal {
  let screen = "";
  const watch = createWatch({ report: () => screen });
  const child = new Deno.Command("script", {
    // -e: end with the command's exit code; -f: hand on what is printed at once.
    args: ["-qefc", `stty cols 80 rows 24; exec ${command}`, "/dev/null"],
    cwd: options.folder,
    clearEnv: true,
    env: { SHELL: "/bin/sh", TERM: "xterm-256color", ...options.env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isRunning = true;
  const keyboard = child.stdin.getWriter();
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      screen += text;
      watch.changed();
    }
  })();
  const complaints = new Response(child.stderr).text();
  const ended = (async () => {
    const { code } = await child.status.finally(() => isRunning = false);
    await Promise.all([reading, complaints]);
    return { code, screen };
  })();
  return {
    get screen() {
      return screen;
    },
    shows: (text) => watch.until(text, () => plainText(screen).includes(text) || undefined).then(() => {}),
    type: (keys) => keyboard.write(new TextEncoder().encode(keys)),
    ended,
    async [Symbol.asyncDispose]() {
      // The command gets SIGHUP, for its terminal is gone.
      if (isRunning) child.kill("SIGKILL");
      await ended;
      await keyboard.abort().catch(() => {}); // it may have ended before
      watch[Symbol.dispose]();
    },
  };
}

/** `deno task compile` where it can't: the exit code, and the one sentence that says why. @module */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { obeysChannel } from "../../../src/tools/compile/main.ts";
import { ROOT } from "../../support/agent.ts";
import { makeFolder } from "../../support/folder.ts";

const ARM = "aarch64-unknown-linux-gnu", X86 = "x86_64-unknown-linux-gnu";
const OTHER = Deno.build.arch === "aarch64" ? X86 : ARM;

/** `deno task compile` by the Deno that runs this, with `env` in place of what it may be told about bases and proxies. */
async function compile(output: string, env: Record<string, string>) {
  const inherited = Deno.env.toObject();
  for (const name of ["DENORT_BIN", "AGENT_ALLOW_NET", "NO_PROXY", "no_proxy"]) delete inherited[name];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "compile", "--output", output],
    cwd: ROOT,
    clearEnv: true,
    env: { ...inherited, NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out!, stderr: err! };
}

/** What is said of each base that is none, in one line. */
const BASES: Record<string, { make: (path: string) => string; said: RegExp }> = {
  "is not there": { make: (path) => path, said: /^compile: Cannot read DENORT_BIN=.*: NotFound: .*$/ },
  "is a script": {
    make: (path) => write(path, "#!/bin/sh\n"),
    said: new RegExp(`^compile: DENORT_BIN=.* is no base runtime for ${Deno.build.target}: name one that is$`),
  },
  "is another architecture's": {
    // The head of an ELF file, as far as the machine that it is for.
    make: (path) => write(path, "\x7fELF".padEnd(18, "\0") + (OTHER === ARM ? "\xb7" : "\x3e") + "\0"),
    said: new RegExp(`^compile: DENORT_BIN=.* is no base runtime for ${Deno.build.target}: name one that is$`),
  },
  "is another program": {
    make: () => Deno.realPathSync("/bin/true"),
    said: /^compile: The executable does not start: does DENORT_BIN=.* belong to Deno [\d.]+\? \(it says nothing\)$/,
  },
  "does not start as the agent": {
    make: () => Deno.realPathSync("/bin/sh"),
    said: /^compile: The executable does not start: does DENORT_BIN=.* belong to Deno [\d.]+\? \(.+\)$/,
  },
};

for (const [what, { make, said }] of Object.entries(BASES)) {
  Deno.test(`a base runtime that ${what} is refused with 69 and one sentence`, async () => {
    await using folder = makeFolder();
    const { code, stderr } = await compile(`${folder.path}/agent`, { DENORT_BIN: make(`${folder.path}/base`) });
    assertEquals(code, 69, stderr);
    assertMatch(stderr.trim(), said);
    assertEquals(namesIn(folder.path).filter((name) => name !== "base"), []);
  });
}

for (
  const [what, output, reason] of [
    ["a directory", "", "is a directory, not a plain file"],
    ["below a file", "/file/agent", "a file stands where a directory is needed"],
    ["in a directory that is not there", "/none/agent", "there is no such file or directory"],
  ] as const
) {
  Deno.test(`an output that is ${what} is refused with 74 before anything else, and nothing is left`, async () => {
    await using folder = makeFolder({ file: "" });
    const { code, stderr } = await compile(`${folder.path}${output}`, { DENORT_BIN: `${folder.path}/base` });
    assertEquals(code, 74, stderr);
    assertMatch(stderr.trim(), new RegExp(`^compile: Cannot write .*: .*${reason}$`));
    assertEquals(namesIn(folder.path), ["file"]);
  });
}

Deno.test("without a base runtime it ends with 69, says what to do, and shows nothing of Deno's own stack", async () => {
  await using folder = makeFolder();
  // All that Deno has in its cache but the bases it downloaded, and a proxy that nobody runs.
  const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir }: { denoDir: string } = JSON.parse(new TextDecoder().decode(info.stdout));
  Deno.mkdirSync(`${folder.path}/cache/dl`, { recursive: true });
  for (
    const name of [
      "npm",
      ...namesIn(`${denoDir}/dl`).filter((name) => name !== "release").map((name) => `dl/${name}`),
    ]
  ) {
    Deno.symlinkSync(`${denoDir}/${name}`, `${folder.path}/cache/${name}`);
  }
  const proxy = "http://127.0.0.1:1";
  const env = { DENO_DIR: `${folder.path}/cache`, HTTPS_PROXY: proxy, https_proxy: proxy };
  const { code, stderr } = await compile(`${folder.path}/agent`, env);
  assertEquals(code, 69, stderr);
  const said = stderr.trim();
  assertMatch(said, /^compile: There is no base runtime for Deno [\d.]+: .*$/);
  assertStringIncludes(said, "or set DENORT_BIN to the denort of this very version.");
});

Deno.test("what Deno 2.8.3 or newer opens is said ahead of all that may go wrong", async () => {
  await using folder = makeFolder();
  const { stdout } = await compile(`${folder.path}/agent`, { DENORT_BIN: `${folder.path}/none` });
  if (!obeysChannel(Deno.version.deno)) return assertEquals(stdout, "");
  assertMatch(
    stdout,
    /^An executable made with Deno [\d.]+ runs whatever file NODE_CHANNEL_FD .* compile with Deno 2\.7\.11\.\n$/,
  );
});

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name);
}

function write(path: string, text: string): string {
  Deno.writeFileSync(path, Uint8Array.from(text, (unit) => unit.charCodeAt(0)));
  return path;
}

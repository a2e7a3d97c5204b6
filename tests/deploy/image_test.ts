/** The image: what is in it, and the agent in its root file system. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { readEntries } from "../support/agent.ts";
import { testInImage } from "../support/image.ts";
import { environmentOf, kubernetesContainer } from "../support/kubernetes.ts";
import { AUTHORITY } from "../support/localhost_certificate.ts";
import { makeFolder } from "../support/folder.ts";

/** A folder with the sample events, and directories of `owner` for what the agent writes. */
function makeTask({ owner }: { owner: number }) {
  const folder = makeFolder();
  Deno.chmodSync(folder.path, 0o755);
  const input = `${folder.path}/in`, output = `${folder.path}/out`, state = `${folder.path}/state`;
  Deno.mkdirSync(input);
  Deno.copyFileSync(new URL("../../iexec_in/events.json", import.meta.url), `${input}/events.json`);
  for (const path of [output, state]) {
    Deno.mkdirSync(path, { mode: 0o700 });
    Deno.chownSync(path, owner, owner);
  }
  return {
    output,
    /** Where the image has them. */
    volumes: [
      { from: input, to: "/app/iexec_in" },
      { from: output, to: "/app/iexec_out" },
      { from: state, to: "/app/.agent" },
    ],
    /** What iExec's worker binds. */
    iexecVolumes: [{ from: input, to: "/iexec_in" }, { from: output, to: "/iexec_out" }],
    ids: () => readEntries(`${output}/responses.json`)?.map(({ queryId }) => queryId).toSorted(),
    computed: () => JSON.parse(Deno.readTextFileSync(`${output}/computed.json`)),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const SAMPLE_IDS = ["event-001", "event-002", "event-003"];

testInImage("the image", { target: "agent" }, async ({ files, config, run }, context) => {
  await context.step("holds the executable, its libraries, certificates and nothing to run besides", () => {
    const others = files.filter((path) => !/^\/lib(64)?\/.*\.so(\.\d+)*$/.test(path));
    assertEquals(others, ["/agent", "/etc/passwd", "/etc/ssl/certs/ca-certificates.crt"]);
  });

  await context.step("runs the agent as a user of its own, and says how its health is checked", async () => {
    assertEquals([config.User, config.WorkingDir, config.Entrypoint], ["65532:65532", "/app", ["/agent"]]);
    assertEquals(config.Healthcheck?.Test, ["CMD", "/agent", "--health"]);
    assert("org.opencontainers.image.revision" in config.Labels);
    const { code, stderr } = await run(["--health"]);
    assertEquals([code, stderr.slice(0, 23)], [69, "agent: No agent runs on"]);
  });

  await context.step(
    "answers a task with a root file system that can't be written, for its user's eyes only",
    async () => {
      await using task = makeTask({ owner: 65532 });
      const { code, stderr } = await run(["--once"], { volumes: task.volumes });
      assertEquals(code, 0, stderr);
      assertEquals(task.ids(), SAMPLE_IDS);
      const { uid, mode } = Deno.statSync(`${task.output}/responses.json`);
      assertEquals([uid, (mode ?? 0) & 0o777], [65532, 0o600]);
    },
  );

  await context.step("can use the settings of kubernetes.yaml, with volumes as fsGroup makes them", async () => {
    await using folder = makeFolder();
    Deno.chmodSync(folder.path, 0o755);
    const state = `${folder.path}/state`, config = `${folder.path}/config`;
    Deno.mkdirSync(state);
    Deno.chownSync(state, 0, 65532);
    Deno.chmodSync(state, 0o2775);
    Deno.mkdirSync(config);
    Deno.writeTextFileSync(`${config}/ca.pem`, AUTHORITY);
    const { code, stdout, stderr } = await run(["--check"], {
      env: environmentOf(kubernetesContainer()),
      volumes: [{ from: state, to: "/app/.agent" }, { from: config, to: "/etc/agent" }],
    });
    // All that is there can be used; the server of the settings is not.
    assertEquals(code, 69, stderr);
    assertMatch(
      stderr,
      /^agent: Cannot reach wss:\/\/websocket-service:8443: the name websocket-service can't be resolved/m,
    );
    assertMatch(
      stdout,
      /^output: usable \(\/app\/\.agent\/out\/responses\.json\)\nstate: usable \(\/app\/\.agent\/state, sealed with AGENT_STATE_KEY\)$/m,
    );
  });

  await context.step("says which directory is not its user's", async () => {
    await using task = makeTask({ owner: 0 });
    const { code, stderr } = await run(["--once"], { volumes: task.volumes });
    assertEquals(code, 74);
    assertMatch(stderr, /^agent: .*(\.agent|iexec_out).*permission denied/im);
  });
});

testInImage("iExec's image", { target: "iexec" }, async ({ config, run }, context) => {
  await context.step("answers a task in the directories that the worker binds, which are root's", async () => {
    assertEquals(config.User, "0:0");
    await using task = makeTask({ owner: 0 });
    const { code, stderr } = await run([], { env: { IEXEC_TASK_ID: "0xabc" }, volumes: task.iexecVolumes });
    assertEquals(code, 0, stderr);
    assertEquals(task.ids(), SAMPLE_IDS);
    assertEquals(task.computed(), { "deterministic-output-path": "/iexec_out/responses.json" });
    assertMatch(stderr, /In a TEE: \{tee\}","tee":true/);
  });
});

/** The real program, while somebody puts FIFOs beside its events: it goes on reading, says so, and can be stopped. @module */

import { assertEquals } from "@std/assert";
import { event } from "../support/events.ts";
import { startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";
import { run } from "../support/mount.ts";

const NOT_WATCHED = "a directory is not watched while there is a FIFO or a device in it: its file is read at intervals";

/** Ways in which a FIFO comes into a directory, and what is said of it. */
const KINDS: Record<string, { plant: (directory: string) => void; said?: string }> = {
  "a FIFO": { plant: (directory) => run("mkfifo", `${directory}/other`), said: NOT_WATCHED },
  "a FIFO that is moved there": {
    plant(directory) {
      run("mkfifo", `${directory}/../fifo`);
      Deno.renameSync(`${directory}/../fifo`, `${directory}/other`);
    },
    said: NOT_WATCHED,
  },
  "a link to a FIFO": {
    plant(directory) {
      run("mkfifo", `${directory}/../fifo`);
      Deno.symlinkSync("../fifo", `${directory}/other`);
    },
    said: NOT_WATCHED,
  },
  "a FIFO that is gone at once": {
    plant(directory) {
      run("mkfifo", `${directory}/other`);
      Deno.removeSync(`${directory}/other`);
    },
    // Nothing need be said: it may be gone before the watcher opens it.
  },
};

for (const [kind, { plant, said }] of Object.entries(KINDS)) {
  for (const place of ["events.json", "the directory of events"]) {
    Deno.test(`${kind} beside ${place} holds up neither events nor the end`, async () => {
      await using folder = makeFolder();
      const directory = `${folder.path}/in`, file = `${directory}/events.json`;
      Deno.mkdirSync(directory);
      const add = (id: string) => {
        Deno.writeTextFileSync(`${folder.path}/new.json`, JSON.stringify([event(id)]));
        Deno.renameSync(`${folder.path}/new.json`, file);
      };
      add("q1");
      const path = place === "events.json" ? file : directory;
      const env = { EVENT_INPUT_PATH: path, EVENT_POLL_INTERVAL: "50" };
      await using agent = await startAgent({ folder: folder.path, env });
      await agent.responses(1);
      plant(directory);
      if (said !== undefined) await agent.logged(said);
      add("q2");
      assertEquals((await agent.responses(2)).map(({ queryId }) => queryId), ["q1", "q2"]);
      assertEquals((await agent.stop()).code, 0);
    });
  }
}

Deno.test("a stop that comes before a FIFO was noticed ends the program", async () => {
  await using folder = makeFolder();
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  await using agent = await startAgent({ folder: folder.path, env: { EVENT_POLL_INTERVAL: "600000" } });
  await agent.logged("{path} is not there: waiting for it");
  run("mkfifo", `${folder.path}/iexec_in/other`);
  assertEquals((await agent.stop()).code, 0);
});

Deno.test("a directory is watched again once its FIFO is gone", async () => {
  await using folder = makeFolder();
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  run("mkfifo", `${folder.path}/iexec_in/other`);
  await using agent = await startAgent({ folder: folder.path, env: { EVENT_POLL_INTERVAL: "50" } });
  await agent.logged(NOT_WATCHED);
  Deno.removeSync(`${folder.path}/iexec_in/other`);
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([event("q1")]));
  await agent.responses(1);
  assertEquals((await agent.stop()).code, 0);
});

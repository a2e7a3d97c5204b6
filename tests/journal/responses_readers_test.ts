/** Readers that come at any instant find a closed array, whatever is done to `responses.json` meanwhile. @module */

import { assertEquals, assertGreater } from "@std/assert";
import { entryOf } from "../../src/wire.ts";
import { answers } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { openFile } from "./responses_fixture.ts";

/**
 * Reads a file over and over in a thread of its own, as most programs do: the length first, then that much. Until `stop`
 * is called, which tells how often it was read, how often an entry was seen in half, and what was found that is not closed.
 */
function startReader(path: string) {
  const script = `
    const path = ${JSON.stringify(path)};
    const open = [];
    let reads = 0, torn = 0;
    function readOnce() {
      try {
        const file = Deno.openSync(path);
        const bytes = new Uint8Array(file.statSync().size);
        const length = file.readSync(bytes) ?? 0;
        file.close();
        reads++;
        const text = new TextDecoder().decode(bytes.subarray(0, length));
        try {
          if (!Array.isArray(JSON.parse(text))) open.push(text);
        } catch {
          if (text.startsWith("[") && text.endsWith("]\\n")) torn++;
          else open.push(text.slice(0, 40) + "…" + text.slice(-40) + " (" + text.length + ")");
        }
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    let stopped = false;
    self.onmessage = () => { stopped = true; };
    const turn = new MessageChannel();
    turn.port1.onmessage = () => {
      for (let n = 0; n < 20; n++) readOnce();
      if (stopped) self.postMessage({ reads, torn, open });
      else turn.port2.postMessage(0);
    };
    turn.port2.postMessage(0);
    self.postMessage("started");`;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const next = () =>
    new Promise<unknown>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
    });
  return {
    started: next(),
    async stop() {
      const told = next();
      worker.postMessage("stop");
      return await told as { reads: number; torn: number; open: string[] };
    },
    [Symbol.dispose]() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}

Deno.test("a reader beside starts, first and further entries, rests and ends never finds the file empty or open", async (t) => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  using reader = startReader(path);
  await reader.started;
  const entries = answers(60).map(entryOf);
  for (let round = 0; round < 30; round++) {
    const { file } = openFile(path);
    file.append(entries.slice(0, 1));
    file.rest();
    file.append(entries.slice(1, 2));
    for (const entry of entries.slice(2, 40)) file.append([entry]);
    file.rest();
    file.append(entries.slice(40));
    file[Symbol.dispose]();
    if (round % 3 === 2) Deno.removeSync(path);
  }
  const { reads, torn, open } = await reader.stop();
  assertGreater(reads, 0);
  assertEquals(open, []);
  // The kernel copies an entry to the reader while it is being written: once in a hundred thousand reads of a tight loop.
  await t.step(`${torn} of ${reads} reads saw half of an entry`, () => {});
});

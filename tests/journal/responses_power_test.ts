/** `responses.json` on a disk whose power is cut: what it held at a checkpoint is in the file that the path names. @module */

import { assertEquals } from "@std/assert";
import { openResponsesFile } from "../../src/journal/responses_file.ts";
import { entryOf } from "../../src/wire.ts";
import { testOnPoweredDisk } from "../support/powered_disk.ts";

const IDS = ["q1", "q2", "q3"];

for (const checkpoint of ["rest", "sync"] as const) {
  testOnPoweredDisk(`after a power cut the file holds what it held at a checkpoint (${checkpoint})`, async (disk) => {
    const path = `${disk.path}/responses.json`;
    const { file } = openResponsesFile(path, { since: [] });
    // A copy takes the place of the file at the first entry, at the second, and at rest.
    for (const queryId of IDS) file.append([entryOf({ queryId, response: "r", timestamp: 1, agentId: "a" })]);
    await file[checkpoint]();
    disk.cutPower();
    try {
      file[Symbol.dispose]();
    } catch {
      // Its disk is gone.
    }
    disk.restart();
    const entries: { queryId: string }[] = JSON.parse(Deno.readTextFileSync(path));
    assertEquals(entries.map(({ queryId }) => queryId), IDS);
  });
}

/** The real program in a folder that somebody else fills: what is planted there is refused by name, replaced, or left alone. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { EXECUTABLE, readEntries, startAgent } from "../support/agent.ts";
import { runConfined } from "../support/confined.ts";
import { testInEnclave } from "../support/enclave.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { run } from "../support/mount.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2);
const event = (id: string, user = "alice") => ({
  id,
  query: `What is iExec, ${user}?`,
  timestamp: 1,
  metadata: { conversationId: user, userId: user },
});

/** A folder with events to answer, and room for what is planted. */
function makeInput(...events: object[]): Folder {
  const folder = makeFolder({ "iexec_in/events.json": events });
  Deno.mkdirSync(`${folder.path}/.agent`, { mode: 0o700 });
  return folder;
}

/** Runs `--once` to its end. */
async function once(folder: Folder, env: Record<string, string> = {}, under: readonly string[] = []) {
  await using agent = await startAgent({ folder: folder.path, args: ["--once"], env, under });
  return { code: (await agent.ended).code, said: agent.lines.join("\n") };
}

Deno.test("whatever lies in the place of the sign of life is replaced: a FIFO, a link, a link to nothing", async () => {
  for (const kind of ["fifo", "link", "dangling"]) {
    await using folder = makeInput(event("q1"));
    const alive = `${folder.path}/.agent/alive`, precious = `${folder.path}/precious`;
    Deno.writeTextFileSync(precious, "PRECIOUS");
    const before = Deno.statSync(precious).mtime;
    if (kind === "fifo") run("mkfifo", alive);
    else Deno.symlinkSync(kind === "link" ? precious : `${folder.path}/missing`, alive);
    await using agent = await startAgent({ folder: folder.path });
    await agent.responses(1);
    assert(Deno.lstatSync(alive).isFile);
    assertEquals((await agent.stop()).code, 0);
    assertEquals(Deno.statSync(precious).mtime, before);
    assertEquals([...Deno.readDirSync(folder.path)].some(({ name }) => name === "missing"), false);
  }
});

Deno.test("a file of settings that is a FIFO, a directory or without end is refused by name, with 78", async () => {
  const kinds: Record<string, (path: string) => void> = {
    "is a FIFO": (path) => run("mkfifo", path),
    "is a directory": (path) => Deno.mkdirSync(path),
    // To an executable, a link that leads out of its permissions is no file of settings.
    ...EXECUTABLE === undefined && { "is a device": (path: string) => Deno.symlinkSync("/dev/zero", path) },
    "more than the 1048576": (path) => {
      Deno.writeTextFileSync(path, "");
      Deno.truncateSync(path, 2 ** 30);
    },
  };
  for (const [told, make] of Object.entries(kinds)) {
    await using folder = makeInput();
    make(`${folder.path}/.env`);
    const { code, said } = await once(folder);
    assertEquals(code, 78);
    assertStringIncludes(said, told);
  }
});

testInEnclave("in a TEE a .env is not even opened: a FIFO there holds nobody up", async (under) => {
  await using folder = makeInput(event("q1"));
  run("mkfifo", `${folder.path}/.env`);
  assertEquals((await once(folder, {}, under)).code, 0);
});

testInEnclave("a state that the host forged is refused, with its outcomes and its memories", async (under) => {
  await using folder = makeInput(event("q1"));
  await once(folder);
  const outcome = JSON.stringify({ queryId: "q1", response: "FORGED", timestamp: 1, agentId: "a" });
  using database = new DatabaseSync(`${folder.path}/.agent/agent.db`);
  database.prepare("UPDATE outcome SET body = ?").run(outcome);
  database.close();
  Deno.removeSync(`${folder.path}/iexec_out/responses.json`);
  const { code, said } = await once(folder, { AGENT_STATE_KEY: KEY }, under);
  assertEquals(code, 78);
  assertStringIncludes(said, "it is not sealed, so anybody may have written it");
  assertEquals(readEntries(`${folder.path}/iexec_out/responses.json`), undefined);
  const takeOver = { AGENT_STATE_KEY: KEY, AGENT_STATE_TAKE_OVER: "true" };
  assertStringIncludes((await once(folder, takeOver, under)).said, "AGENT_STATE_TAKE_OVER: in a TEE");
});

Deno.test("one user's sealed memories that were moved into another's conversation end the agent with 74, unread", async () => {
  await using folder = makeInput(event("a1", "alice"));
  const env = { AGENT_STATE_KEY: KEY };
  assertEquals((await once(folder, env)).code, 0);
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([event("m1", "mallory")]));
  assertEquals((await once(folder, env)).code, 0);
  using database = new DatabaseSync(`${folder.path}/.agent/agent.db`);
  const rooms = database.prepare("SELECT room_id AS id FROM exchange GROUP BY room_id ORDER BY min(seq)").all();
  assertEquals(rooms.length, 2);
  database.prepare("UPDATE exchange SET room_id = ? WHERE room_id = ?").run(rooms[1]!.id!, rooms[0]!.id!);
  database.close();
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([event("m2", "mallory")]));
  const { code, said } = await once(folder, env);
  assertEquals(code, 74);
  assertStringIncludes(said, 'the rows of its table "exchange" are not those that it was left with');
  assertEquals(readEntries(`${folder.path}/iexec_out/responses.json`)?.map(({ queryId }) => queryId), ["a1", "m1"]);
});

Deno.test("a memory that can't be read ends the agent with 74, and its event is answered once it can", async () => {
  await using folder = makeInput(event("a1"));
  assertEquals((await once(folder)).code, 0);
  const change = (createdAt: string) => {
    using database = new DatabaseSync(`${folder.path}/.agent/agent.db`);
    database.exec(`UPDATE exchange SET created_at = ${createdAt}`);
  };
  const answered = () =>
    readEntries(`${folder.path}/iexec_out/responses.json`)?.map(({ response }) => Boolean(response));
  // No JavaScript number holds it: reading the row fails, and nothing else does.
  change("created_at + (1 << 62)");
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([event("a2")]));
  const { code, said } = await once(folder);
  assertEquals(code, 74, said);
  assertStringIncludes(said, "Cannot read the memory: it is damaged");
  assertEquals(answered(), [true]);
  change("created_at - (1 << 62)");
  assertEquals((await once(folder)).code, 0);
  assertEquals(answered(), [true, true]);
});

Deno.test("users and conversations of a sealed state are not found with a list of their names", async () => {
  await using folder = makeInput(event("q1", "alice"));
  const idsOf = () => {
    using database = new DatabaseSync(`${folder.path}/.agent/agent.db`);
    const columns = ["id FROM room", "id FROM entity", "room_id AS id FROM exchange", "entity_id AS id FROM exchange"];
    return columns.flatMap((column) => database.prepare(`SELECT ${column}`).all().map(({ id }) => id));
  };
  await once(folder);
  const named = new Set(idsOf());
  Deno.removeSync(`${folder.path}/.agent`, { recursive: true });
  Deno.removeSync(`${folder.path}/iexec_out`, { recursive: true });
  await once(folder, { AGENT_STATE_KEY: KEY });
  const common = new Set(idsOf().filter((id) => named.has(id)));
  assertEquals(common.size, 1, "the agent's own, which everybody knows");
});

for (const name of ["iexec_out", ".agent", "iexec_in"]) {
  Deno.test(`${name} as a link to a directory outside is refused with 78, and nothing is made there`, async () => {
    await using folder = makeInput(event("q1"));
    await using outside = makeFolder({ "events.json": [event("q1")] });
    if (name !== "iexec_out") Deno.removeSync(`${folder.path}/${name}`, { recursive: true });
    Deno.symlinkSync(outside.path, `${folder.path}/${name}`);
    for (const args of [["--once"], ["--check"]]) {
      const { code, said } = await runConfined(folder.path, { args });
      assertEquals(code, 78, said);
      assertStringIncludes(said, `which leads to "${outside.path}`);
    }
    assertEquals([...Deno.readDirSync(outside.path)].map(({ name }) => name), ["events.json"]);
  });
}

Deno.test("files that were prepared as links beside the outputs are replaced, and what they led to stays", async () => {
  await using folder = makeInput(event("q1"));
  await using outside = makeFolder({ precious: "PRECIOUS" });
  Deno.mkdirSync(`${folder.path}/iexec_out`);
  Deno.symlinkSync(`${outside.path}/precious`, `${folder.path}/iexec_out/computed.json.new`);
  Deno.symlinkSync(`${outside.path}/precious`, `${folder.path}/iexec_out/computed.json`);
  const { code, said } = await runConfined(folder.path, { args: ["--once"] });
  assertEquals(code, 0, said);
  assertEquals(Deno.readTextFileSync(`${outside.path}/precious`), "PRECIOUS");
  assert(Deno.lstatSync(`${folder.path}/iexec_out/computed.json`).isFile);
});

/** `attestation.json`: one evidence for each key, bounded, written at once, and nothing else in its place followed. @module */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { keepEvidence } from "../../src/program/attestation_file.ts";
import { encodeClaims, type Evidence, toBase64Url } from "../../src/proof/evidence.ts";
import { startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { keptLog } from "../support/kept_log.ts";
import { run } from "../support/mount.ts";

/** Evidence of the `n`th key. `quote`: that it has, in base64url. */
function evidenceOf(n: number, { quote }: { quote?: string } = {}): Evidence {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, n);
  const { text: claims } = encodeClaims({
    agentId: "a",
    cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: toBase64Url(bytes) } },
    iat: 0,
    version: "1",
    character_sha256: "a".repeat(64),
    settings_sha256: "b".repeat(64),
  });
  return quote === undefined ? { format: "none", claims } : { format: "tdx-quote", claims, quote };
}

function keeping(folder: string) {
  const { lines, log } = keptLog({ now: () => 0 });
  return {
    lines,
    keep: (evidence: Evidence) => keepEvidence(`${folder}/responses.json`, evidence, { log }),
    keepAgain: (evidence: Evidence) => keepEvidence(`${folder}/responses.json`, evidence, { log, isAgain: true }),
    kept: () => JSON.parse(Deno.readTextFileSync(`${folder}/attestation.json`)) as Evidence[],
  };
}

Deno.test("the evidence of each start is kept, in the order in which it came", async () => {
  await using folder = makeFolder();
  const { keep, kept, lines } = keeping(folder.path);
  for (const n of [1, 2, 3]) keep(evidenceOf(n));
  assertEquals(kept(), [evidenceOf(1), evidenceOf(2), evidenceOf(3)]);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["attestation.json"]);
  assertEquals(lines, []);
});

Deno.test("evidence that is nested too deep to be written again is kept under another name, like all that is none", async () => {
  const nested = `${'{"0":'.repeat(20_000)}1${"}".repeat(20_000)}`;
  await using folder = makeFolder({ "attestation.json": `[{"format":"none","claims":"AA","x":${nested}}]` });
  const { keep, kept, lines } = keeping(folder.path);
  keep(evidenceOf(1));
  assertEquals(kept(), [evidenceOf(1)]);
  assertMatch(lines.join(), /is no list of evidence.*unreadable-1/);
});

Deno.test("of more than a thousand, and of more than 16 MiB, the oldest go, and that is told", async () => {
  await using folder = makeFolder({
    "attestation.json": Array.from({ length: 1_200 }, (_, n) => evidenceOf(n)),
    "large/attestation.json": Array.from({ length: 300 }, (_, n) => evidenceOf(n, { quote: "A".repeat(64_000) })),
  });
  const many = keeping(folder.path);
  many.keep(evidenceOf(2_000));
  assertEquals(many.kept().length, 1_000);
  assertEquals([many.kept()[0], many.kept().at(-1)], [evidenceOf(201), evidenceOf(2_000)]);
  assertMatch(many.lines.join(), /is full.*left=201/);
  const large = keeping(`${folder.path}/large`);
  large.keep(evidenceOf(2_000));
  assert(Deno.statSync(`${folder.path}/large/attestation.json`).size <= 16 * 1024 * 1024);
  assertEquals(large.kept().at(-1), evidenceOf(2_000));
});

Deno.test("a link, a FIFO and a directory in its place end the agent with 74, and nothing is followed", async () => {
  const kinds: Record<string, (path: string, folder: string) => void> = {
    "is a link": (path, folder) => Deno.symlinkSync(`${folder}/precious`, path),
    "is a FIFO": (path) => run("mkfifo", path),
    "is a directory": (path) => Deno.mkdirSync(path),
  };
  for (const [told, make] of Object.entries(kinds)) {
    await using folder = makeFolder({ precious: "[]" });
    make(`${folder.path}/attestation.json`, folder.path);
    const error = assertThrows(() => keeping(folder.path).keep(evidenceOf(1)), FatalError);
    assertEquals(error.exitCode, 74, told);
    assertMatch(error.message, new RegExp(`^Cannot write .*attestation\\.json: .*${told}`));
    assertEquals(Deno.readTextFileSync(`${folder.path}/precious`), "[]");
  }
});

Deno.test("a link in the place of the new file is replaced, never followed", async () => {
  await using folder = makeFolder({ precious: "PRECIOUS" });
  Deno.symlinkSync(`${folder.path}/precious`, `${folder.path}/attestation.json.new`);
  const { keep, kept } = keeping(folder.path);
  keep(evidenceOf(1));
  assertEquals(kept(), [evidenceOf(1)]);
  assertEquals(Deno.readTextFileSync(`${folder.path}/precious`), "PRECIOUS");
});

Deno.test("what is no list of evidence is kept under another name, with a warning", async () => {
  for (const other of ["", "{}", "[", '[{"format":"none"}]', JSON.stringify([evidenceOf(1), 5])]) {
    await using folder = makeFolder({ "attestation.json": other });
    const { keep, kept, lines } = keeping(folder.path);
    keep(evidenceOf(2));
    assertEquals(kept(), [evidenceOf(2)]);
    assertEquals(Deno.readTextFileSync(`${folder.path}/attestation.json.unreadable-1`), other);
    assertMatch(lines.join(), /no list of evidence/);
  }
});

Deno.test("a second damaged file is kept beside the first, not over it", async () => {
  await using folder = makeFolder();
  const { keep } = keeping(folder.path);
  for (const [n, damaged] of ["first", "second"].entries()) {
    Deno.writeTextFileSync(`${folder.path}/attestation.json`, damaged);
    keep(evidenceOf(n));
  }
  assertEquals(Deno.readTextFileSync(`${folder.path}/attestation.json.unreadable-1`), "first");
  assertEquals(Deno.readTextFileSync(`${folder.path}/attestation.json.unreadable-2`), "second");
});

Deno.test("evidence that was lost is written again, with a warning, and evidence that is there is not", async () => {
  await using folder = makeFolder();
  const { keep, keepAgain, kept, lines } = keeping(`${folder.path}/out`);
  keep(evidenceOf(1));
  keepAgain(evidenceOf(1));
  assertEquals([kept(), lines], [[evidenceOf(1)], []]);
  Deno.removeSync(`${folder.path}/out`, { recursive: true });
  keepAgain(evidenceOf(1));
  keep(evidenceOf(2));
  keepAgain(evidenceOf(1));
  assertEquals(kept(), [evidenceOf(1), evidenceOf(2)]);
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /lost the evidence of this start/);
});

/** Locked as another agent that is about to write: it has read `evidence`, and adds its own when it is waited for. */
function lockedByAnother(path: string) {
  Deno.writeTextFileSync(path, "[]");
  const file = Deno.openSync(path, { read: true });
  assert(file.tryLockSync(true));
  let pauses = 0;
  return {
    pauses: () => pauses,
    stays: () => void pauses++,
    writes(evidence: Evidence) {
      pauses++;
      Deno.writeTextFileSync(`${path}.other`, JSON.stringify([evidence]));
      Deno.renameSync(`${path}.other`, path);
      file.unlockSync();
    },
    [Symbol.dispose]: () => file.close(),
  };
}

Deno.test("what another agent is about to write is waited for, and neither's evidence is lost", async () => {
  await using folder = makeFolder();
  using other = lockedByAnother(`${folder.path}/attestation.json`);
  const { kept } = keeping(folder.path);
  keepEvidence(`${folder.path}/responses.json`, evidenceOf(2), {
    log: silentLog,
    pause: () => other.writes(evidenceOf(1)),
  });
  assertEquals([kept(), other.pauses()], [[evidenceOf(1), evidenceOf(2)], 1]);
});

Deno.test("a lock that nobody lets go of holds the agent up for a bounded time only", async () => {
  await using folder = makeFolder();
  using other = lockedByAnother(`${folder.path}/attestation.json`);
  const { kept } = keeping(folder.path);
  keepEvidence(`${folder.path}/responses.json`, evidenceOf(1), { log: silentLog, pause: other.stays });
  assertEquals([kept(), other.pauses()], [[evidenceOf(1)], 1000]);
});

Deno.test("the evidence of agents that start in one folder at the same time is kept, all of it", async () => {
  await using folder = makeFolder({ "events.json": [event("q1")] });
  await using stack = new AsyncDisposableStack();
  const agents = await Promise.all(["a", "b", "c", "d"].map((name) => {
    const env = { EVENT_INPUT_PATH: "events.json", AGENT_STATE_DIR: name, EVENT_OUTPUT_PATH: `out/${name}.json` };
    return startAgent({ folder: folder.path, env });
  }));
  for (const agent of agents) stack.use(agent);
  await Promise.all(agents.map((agent) => agent.logged("🚀 Agent started")));
  const ends = await Promise.all(agents.map((agent) => agent.stop()));
  assertEquals(ends.map(({ code }) => code), [0, 0, 0, 0]);
  const { kept } = keeping(`${folder.path}/out`);
  assertEquals(new Set(kept().map(({ claims }) => claims)).size, 4);
});

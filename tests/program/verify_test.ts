/** `agent verify`: exit 0 only if every answer is proved, and each reason why not is named. @module */

import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { verifyResponses } from "../../src/program/verify.ts";
import { readVerifyOptions } from "../../src/program/verify_options.ts";
import { encodeClaims, type Quoted, toBase64Url } from "../../src/proof/evidence.ts";
import { parseClaims } from "../../src/proof/evidence_parsing.ts";
import { createSigner } from "../../src/proof/signer.ts";
import type { AgentEvent, Answer } from "../../src/wire.ts";
import { EXECUTABLE, ROOT, startCommand } from "../support/agent.ts";
import { CLAIMS, eventLogOf, evidenceOf, REGISTERS } from "../support/evidence.ts";
import { fakeIntel } from "../support/fake_intel.ts";
import { makeFolder } from "../support/folder.ts";
import { type SignedAnswers, signedAnswers, writeSigned } from "../support/signed_answers.ts";

const signed = await signedAnswers();

/** What verifying files prints. `change` changes what is written into them, `more` are further arguments. */
async function verify(
  { change = {}, more = [], drop }: { change?: Partial<SignedAnswers>; more?: readonly string[]; drop?: string } = {},
) {
  await using folder = makeFolder();
  const args = writeSigned(folder.path, { ...signed, ...change });
  const at = drop === undefined ? -1 : args.indexOf(drop);
  if (at >= 0) args.splice(at, 2);
  return call([...args, ...more.map((text) => text.replace("FOLDER", folder.path))]);
}

function call(args: readonly string[]) {
  let stdout = "", stderr = "";
  const code = verifyResponses(args, {
    write: (text) => void (stdout += text),
    writeError: (text) => void (stderr += text),
    now: () => Date.parse("2031-01-01T00:00:00Z"),
  });
  const codes = Array.from(stdout.matchAll(/\[([a-z0-9-]+)\]$/gm), ([, found]) => found);
  return { code, stdout, stderr, codes: [...new Set(codes)] };
}

/** The entries, the second of them changed. */
function changed(fields: Record<string, unknown>): Partial<SignedAnswers> {
  return { entries: signed.entries.map((entry, index) => index === 1 ? { ...entry, ...fields } : entry) };
}

Deno.test("answers of the expected enclave are proved, and what proves them is printed", async () => {
  const { code, stdout, stderr } = await verify({ more: ["--events", "FOLDER/events.json"] });
  assertEquals(code, 0, stdout);
  assertStringIncludes(stdout, "All 3 entries are proved.");
  for (const text of [CLAIMS.agentId, CLAIMS.settings_sha256, CLAIMS.version, REGISTERS.mrtd.toHex(), "UpToDate"]) {
    assertStringIncludes(stdout, text);
  }
  assertMatch(stderr, /The root is .*root\.pem, not Intel's nor AWS's: this proves nothing about a real enclave/);
});

Deno.test("an answer whose text, id, time, agent, metadata or signature was changed is not proved", async () => {
  const [first, second] = signed.entries;
  const cases: Record<string, Partial<SignedAnswers>> = {
    response: changed({ response: "Another answer." }),
    id: changed({ queryId: "event-9" }),
    timestamp: changed({ timestamp: 1 }),
    agent: changed({ agentId: "another" }),
    metadata: changed({ metadata: { model: "embedded", ms: 4 } }),
    unsigned: changed({ signature: undefined }),
    signature: changed({ signature: `${second!.signature.slice(0, -20)}${first!.signature.slice(-20)}` }),
    token: changed({ signature: "a.b.c" }),
    form: { entries: [null as never, ...signed.entries] },
  };
  for (const [code, change] of Object.entries(cases)) {
    const found = await verify({ change });
    assertEquals([found.code, found.codes], [1, [code]], found.stdout);
  }
});

Deno.test("files that are nested too deep end nothing: what is wrong is told, and so is every other answer", async () => {
  const deepText = (text: string) => text.replaceAll('"DEEP"', '{"0":'.repeat(20_000) + "1" + "}".repeat(20_000));
  await using folder = makeFolder();
  const args = writeSigned(folder.path, { ...signed, ...changed({ metadata: "DEEP" as never }) });
  const path = `${folder.path}/responses.json`;
  Deno.writeTextFileSync(path, deepText(Deno.readTextFileSync(path)));
  const { code, codes, stdout } = call(args);
  assertEquals([code, codes], [1, ["form"]]);
  assertMatch(stdout, /^entry 2 \("event-2"\): it is nested more than 64 levels deep \[form\]$/m);
  assertStringIncludes(stdout, "2 of 3 entries are proved.");
  assertEquals(JSON.parse(call([...args, "--json"]).stdout).refused.length, 1);

  Deno.writeTextFileSync(path, JSON.stringify(signed.entries));
  const beside = { format: "none", claims: encodeClaims(CLAIMS).text };
  const list = [{ ...beside, format: "DEEP" }, { ...beside, claims: "DEEP" }, { ...beside, other: "DEEP" }, "DEEP"];
  Deno.writeTextFileSync(`${folder.path}/attestation.json`, deepText(JSON.stringify([...list, signed.evidence])));
  const events = [{ id: "other", query: "DEEP" }, "DEEP", { ...signed.events[0], metadata: "DEEP" }];
  Deno.writeTextFileSync(`${folder.path}/events.json`, deepText(JSON.stringify([...events, ...signed.events])));
  const others = call([...args, "--events", `${folder.path}/events.json`, "--json"]);
  assertEquals([others.code, JSON.parse(others.stdout).evidence.length], [0, 5], others.stdout);

  Deno.writeTextFileSync(
    `${folder.path}/deep.json`,
    deepText(JSON.stringify({ ...signed.intel.collateral, pck_crl: "DEEP" })),
  );
  const collateral = [...args, "--collateral", `${folder.path}/deep.json`];
  assertEquals(assertThrows(() => call(collateral), FatalError).exitCode, 74);
});

Deno.test("another question than the answered one is not proved, nor one that nobody asked", async () => {
  const [first, ...rest] = signed.events;
  const asked = async (events: SignedAnswers["events"]) => {
    const { code, codes } = await verify({ change: { events }, more: ["--events", "FOLDER/events.json"] });
    return [code, codes];
  };
  assertEquals(await asked([{ ...first!, query: "Another question?" }, ...rest]), [1, ["query"]]);
  assertEquals(await asked([{ ...first!, metadata: { nonce: "asked yesterday" } }, ...rest]), [1, ["nonce"]]);
  assertEquals(await asked(rest), [1, ["event"]]);
});

Deno.test("events of a file are known however it tells their time, as the agent takes them", async () => {
  const [first, second, third] = signed.events;
  const { timestamp: _, ...timeless } = first!;
  const events = [timeless, { ...second!, timestamp: "2026-11-25T12:00:00Z" }, { ...third!, timestamp: null }];
  const { code, stdout } = await verify({
    change: { events: events as unknown as SignedAnswers["events"] },
    more: ["--events", "FOLDER/events.json"],
  });
  assertEquals(code, 0, stdout);
});

Deno.test("an error for something malformed or too large needs something with its id among the events, an answer does not fit it", async () => {
  using signer = await createSigner();
  const evidence = await evidenceOf(signed.intel, { claims: { ...CLAIMS, cnf: { jwk: signer.jwk } } });
  const good = { id: "twice", query: "Who are you?", timestamp: 2 };
  const sign = (outcome: Pick<Answer, "queryId"> & ({ response: string } | { error: string }), event?: AgentEvent) => {
    const whole = { ...outcome, timestamp: 1, agentId: CLAIMS.agentId };
    let entry: object = whole;
    signer.sign(whole, event, (signatures) => entry = { ...whole, ...signatures });
    signer.finish();
    return entry as SignedAnswers["entries"][number];
  };
  const refusals = ["bad", "twice", "big"].map((queryId) => sign({ queryId, error: "query: expected string" }));
  const entries = [...refusals, sign({ queryId: "twice", response: "I am an agent." }, good)];
  const events = [
    { id: "bad", query: 5, timestamp: 1 },
    { id: "twice", query: 5, timestamp: 1 },
    good,
    { id: "big", query: "x".repeat(3_000), timestamp: 1, metadata: { nonce: "asked today" } },
  ] as SignedAnswers["events"];
  const asked = (entries: SignedAnswers["entries"], events: SignedAnswers["events"]) =>
    verify({ change: { entries, evidence, events }, more: ["--events", "FOLDER/events.json"] });
  const all = await asked(entries, events);
  assertEquals([all.code, all.codes], [0, []], all.stdout);
  const without = await asked(entries, events.slice(1));
  assertEquals([without.code, without.codes], [1, ["event"]]);
  assertStringIncludes(without.stdout, "3 of 4 entries are proved.");
  for (const [queryId, fault] of [["bad", "event"], ["twice", "query"]] as const) {
    const unasked = await asked([sign({ queryId, response: "I am an agent." })], events);
    assertEquals([unasked.code, unasked.codes], [1, [fault]]);
  }
});

Deno.test("evidence of another measurement, nonce, key, root or time proves nothing", async () => {
  const other = await signedAnswers(), otherIntel = await fakeIntel();
  const cases: [string, Parameters<typeof verify>[0]][] = [
    ["measurement", { more: ["--measurement", `rtmr0=${"00".repeat(48)}`] }],
    ["nonce", { more: ["--nonce", "a fresh challenge"] }],
    ["key", { change: { evidence: other.evidence, intel: other.intel } }],
    ["certificate", { change: { intel: { ...signed.intel, rootPem: otherIntel.rootPem } } }],
    ["certificate", { drop: "--root" }],
    ["collateral-missing", { drop: "--collateral" }],
    ["crl", { drop: "--at", more: ["--at", "2026-08-01T00:00:00Z"] }],
    ["crl", { drop: "--at" }],
  ];
  for (const [reason, how] of cases) {
    const { code, codes, stdout } = await verify(how);
    assertEquals(code, 1, reason);
    assertEquals(codes[0], reason, stdout);
  }
});

Deno.test("without an expected measurement nothing is proved, and that is said", async () => {
  const { intel } = signed;
  const { code, stdout } = await verify({ change: { expected: ["--at", new Date(intel.nowMs).toISOString()] } });
  assertEquals(code, 1);
  assertStringIncludes(stdout, "signed by some enclave, you did not say which");
});

Deno.test("the hash of the compose file is compared with the one that the event log proves", async () => {
  const { text, rtmr3 } = eventLogOf([
    { event: "compose-hash", payload: "c0".repeat(32) },
    { event: "boot-mr-done" },
  ]);
  const change = await signedAnswers({ td: { registers: { ...REGISTERS, rtmr3 } }, eventLog: text });
  assertEquals((await verify({ change, more: ["--compose-hash", "C0".repeat(32)] })).code, 0);
  const { code, codes } = await verify({ change, more: ["--compose-hash", "c1".repeat(32)] });
  assertEquals([code, codes], [1, ["compose-hash", "evidence"]]);
  const unasked = await verify({ change });
  assertEquals([unasked.code, unasked.codes], [1, ["measurement-unnamed", "evidence"]]);
});

Deno.test("a platform that is not up to date is accepted only by the name of its state", async () => {
  const change = await signedAnswers({ intel: await fakeIntel({ status: "OutOfDate" }) });
  const refused = await verify({ change });
  assertEquals([refused.code, refused.codes], [1, ["tcb-status", "evidence"]]);
  assertEquals((await verify({ change, more: ["--accept-status", "OutOfDate"] })).code, 0);
});

Deno.test("an older state that was put back is found, answers that are missing are told of", async () => {
  const [first, second, third] = signed.entries;
  const again = await signedAnswers({ intel: signed.intel });
  const evidence = [signed.evidence, again.evidence];
  await using folder = makeFolder();
  const args = writeSigned(folder.path, { ...signed, entries: [first!, second!, again.entries[1]!] });
  Deno.writeTextFileSync(`${folder.path}/attestation.json`, JSON.stringify(evidence));
  const back = call(args);
  assertEquals([back.code, back.codes], [1, ["rollback"]], back.stdout);
  const gap = await verify({ change: { entries: [first!, third!] } });
  assertEquals(gap.code, 0);
  assertStringIncludes(
    gap.stderr,
    "1 answers that were signed between these are not in the file, or not as they were signed",
  );
});

Deno.test("a file whose answers of another key go back in chain and time is warned of", async () => {
  const long = await signedAnswers({ intel: signed.intel, count: 9 });
  await using folder = makeFolder();
  const args = writeSigned(folder.path, { ...signed, entries: [...long.entries.slice(6), signed.entries[0]!] });
  Deno.writeTextFileSync(`${folder.path}/attestation.json`, JSON.stringify([long.evidence, signed.evidence]));
  const { code, stderr } = call(args);
  assertEquals(code, 0);
  assertMatch(
    stderr,
    /Key \S+: its first answer here, number 1 .* an older state was put back, and the clock set back\./,
  );
  assertEquals(JSON.parse(call([...args, "--json"]).stdout).warnings.length, 3);
});

Deno.test("evidence whose key is none is told of, and ends nothing", async () => {
  const jwk = { ...CLAIMS.cnf.jwk, x: toBase64Url(new Uint8Array(32).fill(2)) };
  const noKey = { format: "none", claims: encodeClaims({ ...CLAIMS, cnf: { jwk } }).text };
  const { code, codes } = await verify({ change: { evidence: noKey } });
  assertEquals([code, codes], [1, ["evidence-malformed", "key"]]);
});

Deno.test("answers by a key that nothing vouches for don't break the chain of a proved one", async () => {
  const other = await signedAnswers({ intel: signed.intel });
  const { claims } = other.evidence as Quoted;
  await using folder = makeFolder();
  const args = writeSigned(folder.path, { ...signed, entries: [...other.entries, ...signed.entries] });
  Deno.writeTextFileSync(
    `${folder.path}/attestation.json`,
    JSON.stringify([{ format: "none", claims }, signed.evidence]),
  );
  const { code, codes, stdout } = call(args);
  assertEquals([code, codes], [1, ["no-tee", "evidence"]]);
  assertStringIncludes(stdout, "3 of 6 entries are proved.");
});

Deno.test("an older state that was put back is found however many answers later", async () => {
  const long = await signedAnswers({ intel: signed.intel, count: 10_050 });
  const again = await signedAnswers({ intel: signed.intel, count: 5 });
  await using folder = makeFolder();
  const args = writeSigned(folder.path, { ...long, entries: [...long.entries, again.entries[4]!] });
  Deno.writeTextFileSync(`${folder.path}/attestation.json`, JSON.stringify([long.evidence, again.evidence]));
  const { code, codes } = call(args);
  assertEquals([code, codes], [1, ["rollback"]]);
});

Deno.test("no entry at all is no proof", async () => {
  const { code, stdout } = await verify({ change: { entries: [] } });
  assertEquals(code, 1);
  assertStringIncludes(stdout, "nothing is proved");
});

Deno.test("--json prints the same for programs", async () => {
  const { code, stdout } = await verify({ change: changed({ response: "Another answer." }), more: ["--json"] });
  const printed = JSON.parse(stdout);
  assertEquals(code, 1);
  assertEquals([printed.proved, printed.entries], [false, { checked: 3, proved: 2, missing: 1, unlisted: 0 }]);
  assertEquals(printed.refused.map(({ entry, queryId }: { entry: number; queryId: string }) => [entry, queryId]), [[
    2,
    "event-2",
  ]]);
  assertEquals(printed.evidence[0].proved, true);
  assertEquals(printed.evidence[0].claims.agentId, CLAIMS.agentId);
  assertEquals(printed.evidence[0].quote.measurements.mrtd, REGISTERS.mrtd.toHex());
});

Deno.test("--json writes no control character, nor a mark that turns text around, and means the same", async () => {
  const version = "1.0\u007f\u009b31m\u202e\u2028\n\t", queryId = "a\u0085b\u2066";
  const { claims, ...quoted } = signed.evidence as Quoted, parsed = parseClaims(claims);
  assert(parsed.ok);
  const evidence = { ...quoted, claims: encodeClaims({ ...parsed.value.claims, version }).text };
  const { stdout, stderr } = await verify({ change: { ...changed({ queryId }), evidence }, more: ["--json"] });
  assertFalse(/[\p{Cc}\p{Zl}\p{Bidi_Control}]/u.test((stdout + stderr).replaceAll("\n", "")));
  const printed = JSON.parse(stdout);
  assertEquals([printed.evidence[0].claims.version, printed.refused[1].queryId], [version, queryId]);
});

Deno.test("--json lists a thousand refused entries, and says how many more there are", async () => {
  const unsigned = { ...signed.entries[0]!, signature: undefined } as unknown as SignedAnswers["entries"][number];
  const { code, stdout } = await verify({
    change: { entries: Array.from({ length: 1_003 }, () => unsigned) },
    more: ["--json"],
  });
  const printed = JSON.parse(stdout);
  assertEquals([code, printed.refused.length, printed.refused.at(-1).entry], [1, 1_000, 1_000]);
  assertEquals(printed.entries, { checked: 1_003, proved: 0, missing: 0, unlisted: 3 });
});

Deno.test("--at is the same time on every machine, and a day that there is", () => {
  const atOf = (at: string) => readVerifyOptions(["responses.json", "--at", at])?.atMs;
  const times = {
    "2026-11-25": "2026-11-25T00:00:00Z",
    "2024-02-29": "2024-02-29T00:00:00Z",
    "2026-11-25T12:00Z": "2026-11-25T12:00:00Z",
    "2026-11-25T12:00:00.5Z": "2026-11-25T12:00:00.500Z",
    "2026-11-25T12:00:00+01:00": "2026-11-25T11:00:00Z",
    "2026-02-28T23:00:00-02:00": "2026-03-01T01:00:00Z",
  };
  for (const [at, same] of Object.entries(times)) assertEquals(atOf(at), Date.parse(same), at);
  const wrong = [
    ...["2026-11-25T12:00:00", "2026-11-25T12:00", "2026-11-25T12:00:00 Z", "2026-11-25T12:00:00CET", "2026-11"],
    ...["2026-02-30", "2026-02-29T00:00:00Z", "2026-04-31T12:00:00+01:00", "2026-13-01", "2026-00-10", "2026-01-00"],
    ...["2026-11-25T25:00:00Z", "2026-11-25T12:60:00Z", "2026-11-25T", "yesterday", ""],
  ];
  for (const at of wrong) {
    const { exitCode, message } = assertThrows(() => atOf(at), FatalError);
    assertEquals(exitCode, 64, at);
    assertStringIncludes(message, "a time with Z or its offset from UTC");
  }
});

Deno.test("arguments that are wrong end with 64, files that can't be read with 74", async () => {
  const wrong: string[][] = [
    [],
    ["responses.json", "another.json"],
    ["responses.json", "--mrtd", "00"],
    ["responses.json", "--measurement", "mrtd"],
    ["responses.json", "--measurement", "mrtd=xyz"],
    ["responses.json", "--measurement", "name=00"],
    ["responses.json", "--compose-hash", "00"],
    ["responses.json", "--nonce", "short"],
    ["responses.json", "--at", "yesterday"],
    ["responses.json", "--accept-status", "Revoked"],
    ["responses.json", "--nonce", "asked today", "--nonce", "asked yesterday"],
    ["responses.json", "--compose-hash", "0".repeat(64), "--compose-hash", "1".repeat(64)],
    ["responses.json", "--at", "2026-11-25", "--json", "--at=2026-11-26"],
  ];
  for (const args of wrong) assertEquals(assertThrows(() => call(args), FatalError).exitCode, 64, args.join(" "));
  const many = JSON.stringify(Array(10_001).fill(0));
  await using folder = makeFolder({ "broken.json": "{", "none.json": "{}", "many.json": many });
  const args = writeSigned(folder.path, signed);
  const unreadable: string[][] = [
    [`${folder.path}/no.json`, ...args.slice(1)],
    [`${folder.path}/none.json`, ...args.slice(1)],
    [...args, "--attestation", `${folder.path}/broken.json`],
    [...args, "--attestation", `${folder.path}/many.json`],
    [...args, "--collateral", `${folder.path}/none.json`],
    args.with(args.indexOf("--root") + 1, `${folder.path}/none.json`),
    [...args, "--events", `${folder.path}/none.json`],
  ];
  for (const args of unreadable) assertEquals(assertThrows(() => call(args), FatalError).exitCode, 74, args.join(" "));
});

Deno.test("the program verifies with the permission to read alone, and writes nothing", async () => {
  await using folder = makeFolder();
  const args = writeSigned(folder.path, signed);
  const before = [...Deno.readDirSync(folder.path)].map(({ name }) => name).toSorted();
  const run = (cwd: string, ...command: string[]) => {
    const [program = "", ...rest] = command;
    return new Deno.Command(program, {
      args: rest,
      cwd,
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH") ?? "" },
    })
      .outputSync();
  };
  const sources = [Deno.execPath(), "run", "-q", `--config=${ROOT}deno.json`, `--lock=${ROOT}tests/deno.lock`];
  const narrow = [...sources, "--allow-read", "--no-prompt", `${ROOT}main.ts`];
  const task = run(ROOT, ...narrow, "verify", ...args);
  assertEquals(task.code, 0, new TextDecoder().decode(task.stderr));
  assertStringIncludes(new TextDecoder().decode(task.stdout), "All 3 entries are proved.");
  const start = EXECUTABLE === undefined ? narrow : [EXECUTABLE];
  const relative = args.with(args.indexOf("--at") + 1, "2026-08-01").map((text) => text.replace(`${folder.path}/`, ""));
  const agent = run(folder.path, ...start, "verify", ...relative);
  assertEquals(agent.code, 1);
  assertStringIncludes(new TextDecoder().decode(agent.stdout), "expired");
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).toSorted(), before);
});

Deno.test("from the sources, whoever calls the agent's own task is told which one verifies", async () => {
  if (EXECUTABLE !== undefined) return;
  await using folder = makeFolder();
  const [program, ...start] = startCommand(["verify", "responses.json"]);
  const { code, stderr } = new Deno.Command(program, { args: start, cwd: folder.path }).outputSync();
  assertEquals(code, 64);
  assertStringIncludes(new TextDecoder().decode(stderr), "call deno task verify");
});

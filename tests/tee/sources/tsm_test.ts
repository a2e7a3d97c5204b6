/** Quotes from configfs-tsm: a right one, another try or an error, but never a quote with somebody else's report data. @module */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { QuoteError } from "../../../src/tee/sources/source.ts";
import { tsmSource } from "../../../src/tee/sources/tsm.ts";
import { makeFolder } from "../../support/folder.ts";
import { run } from "../../support/mount.ts";
import { mountReports, type ReportFault, testWithReports } from "../../support/report_directory.ts";
import { shapedQuote } from "../../support/tdx_quote.ts";

const DATA = new Uint8Array(64).map((_, index) => index);
const never = new AbortController().signal;

/** A clock that keeps what is slept, and sleeps no time at all. */
function hurried() {
  const sleeps: number[] = [];
  return { sleeps, now: () => 0, monotonic: () => 0, sleep: (ms: number) => (sleeps.push(ms), Promise.resolve()) };
}

/** What comes of one request with these faults: the quote's bytes, or the error. */
async function ask(faults: readonly ReportFault[], below = "") {
  await using reports = await mountReports({ faults });
  const clock = hurried(), path = `${reports.path}${below}`;
  try {
    const { format, quote } = await tsmSource({ path, clock }).quote({ data: DATA }, never);
    return { format, quote, tries: clock.sleeps.length + 1, entries: entriesOf(reports.path) };
  } catch (error) {
    if (!(error instanceof QuoteError)) throw error;
    return { error, tries: clock.sleeps.length + 1, entries: entriesOf(reports.path) };
  }
}

function entriesOf(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name);
}

const RIGHT = {
  format: "tdx-quote" as const,
  quote: shapedQuote(DATA).toBase64({ alphabet: "base64url", omitPadding: true }),
};

testWithReports(
  "a report directory gives a quote with the data that was asked for, and the entry is removed",
  async () => {
    assertEquals(await ask([]), { ...RIGHT, tries: 1, entries: ["entry"] });
  },
);

testWithReports("an entry that somebody else made is used as it is, and no other is made", async () => {
  assertEquals(await ask([], "/entry"), { ...RIGHT, tries: 1, entries: ["entry"] });
});

testWithReports("a busy, interrupted or late report, a lost write and a foreign writer are tried again", async () => {
  for (const fault of ["EBUSY", "EINTR", "ETIMEDOUT", "swallow", "foreign", "instead", "stale"] as const) {
    for (const below of ["", "/entry"]) {
      assertEquals(await ask([fault, fault], below), { ...RIGHT, tries: 3, entries: ["entry"] }, fault);
    }
  }
});

testWithReports("what never passes is an error after a few tries, and never a quote with foreign data", async () => {
  const messages: [ReportFault, RegExp][] = [
    ["EBUSY", /earlier request is still with the host \(EBUSY\)/],
    ["EINTR", /interrupted/],
    ["ETIMEDOUT", /the host did not answer/],
    ["swallow", /the kernel did not take the report data/],
    ["foreign", /somebody else wrote to the same entry/],
    ["instead", /other report data/],
    ["stale", /other report data/],
  ];
  for (const [fault, message] of messages) {
    const { error, tries } = await ask(Array(9).fill(fault));
    assertMatch(error?.message ?? "", message, String(fault));
    assertEquals(tries, 4, String(fault));
  }
});

testWithReports("what is final is an error at once: no provider, a refused call, no quote at all", async () => {
  const messages: [ReportFault, RegExp][] = [
    ["ENXIO", /no provider of reports is registered .*\(ENXIO\)/],
    ["EIO", /the host refused the kernel's request \(EIO\)/],
    ["empty", /at least 637 bytes, got 0/],
    ["short", /at least 637 bytes, got 600/],
    ["version", /version 4 or 5, got version 3/],
  ];
  for (const [fault, message] of messages) {
    const { error, tries, entries } = await ask([fault]);
    assertMatch(error?.message ?? "", message, String(fault));
    assertEquals([tries, entries], [1, ["entry"]], String(fault));
  }
});

testWithReports("requests one after the other each get their own data, in one entry too", async () => {
  await using reports = await mountReports();
  for (const path of [reports.path, `${reports.path}/entry`]) {
    const source = tsmSource({ path, clock: hurried() });
    for (let byte = 1; byte < 4; byte++) {
      const data = new Uint8Array(64).fill(byte);
      const { quote } = await source.quote({ data }, never);
      assertEquals(Uint8Array.fromBase64(quote, { alphabet: "base64url" }), shapedQuote(data));
    }
  }
});

Deno.test("a directory that is none of the kernel's, and one that is missing, are plain errors that leave nothing", async () => {
  await using folder = makeFolder({ "empty/x": "" });
  const clock = hurried();
  const ask = (path: string) =>
    assertRejects(() => tsmSource({ path, clock }).quote({ data: DATA }, never), QuoteError);
  assertMatch((await ask(`${folder.path}/missing`)).message, /no report directory.*\(ENOENT\)/);
  assertMatch((await ask(`${folder.path}/empty`)).message, /no report directory.*\(ENOENT\)/);
  assertEquals(entriesOf(`${folder.path}/empty`), ["x"]);
  assertEquals(clock.sleeps, []);
});

Deno.test("a report of another provider than TDX is refused by its name", async () => {
  await using folder = makeFolder({ "inblob": "", "provider": "sev_guest\n", "generation": "0\n", "outblob": "" });
  const error = await assertRejects(
    () => tsmSource({ path: folder.path, clock: hurried() }).quote({ data: DATA }, never),
    QuoteError,
  );
  assertMatch(error.message, /expected the provider tdx_guest, got "sev_guest"/);
  assert(!error.isPassing);
});

Deno.test("a FIFO or a link in a file's place is refused by its name, and nothing waits for it or is written behind it", async () => {
  for (const name of ["provider", "generation", "inblob", "outblob"]) {
    for (const kind of ["FIFO", "link"]) {
      await using folder = makeFolder({ "provider": "tdx_guest\n", "generation": "0\n", "inblob": "", "outblob": "" });
      const path = `${folder.path}/${name}`, behind = `${folder.path}/behind`;
      Deno.renameSync(path, behind);
      if (kind === "link") Deno.symlinkSync(behind, path);
      else run("mkfifo", path);
      const error = await assertRejects(
        () => tsmSource({ path: folder.path, clock: hurried() }).quote({ data: DATA }, never),
        QuoteError,
      );
      assertEquals(error.message, `${name} is a ${kind}, not a plain file`);
      if (name === "inblob") assertEquals(Deno.readTextFileSync(behind), "");
    }
  }
});

Deno.test("a request that is called off is not tried again", async () => {
  await using folder = makeFolder({ "inblob": "", "provider": "tdx_guest\n", "generation": "0\n", "outblob": "" });
  const stop = new AbortController();
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: () => (stop.abort(new Error("called off")), Promise.resolve()),
  };
  await assertRejects(
    () => tsmSource({ path: folder.path, clock }).quote({ data: DATA }, stop.signal),
    Error,
    "called off",
  );
});

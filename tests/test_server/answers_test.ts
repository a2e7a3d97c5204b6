/** Answers: taken only from agents that were asked, kept for each of them, counted, and told piece by piece. @module */

import { assertEquals } from "@std/assert";
import { event } from "../support/events.ts";
import { idOf, inShort, setStage } from "./stage.ts";

Deno.test("an agent that was not sent an event can't answer it, acknowledge it, or let it fail", () => {
  const { dispatch, ledger, join, asker, answer, ack, chunk, told, outcomes } = setStage();
  join(1, 2);
  dispatch.ask(event("a"), { askedBy: "client", asker }); // to 1
  const forged = [answer(2, "a"), ack(2, "a"), ack(2, "a", "down"), chunk(2, "a", 0, "forged")];
  assertEquals(forged, ["not_asked", "not_asked", "not_asked", "not_asked"]);
  assertEquals([told, outcomes, ledger.get("a")?.state, ledger.get("a")?.frames.length], [[], [], "answering", 1]);
  assertEquals(answer(1, "a"), "known");
  assertEquals(answer(2, "a", { text: "forged" }), "not_asked"); // nor after the answer
  assertEquals([told, ledger.get("a")?.answer?.text], [[`response a ${idOf(1)}`], "!"]);
});

Deno.test("two agents of one agentId are two: one can't answer for the other, and each has its own figures", () => {
  const { dispatch, ledger, answer, outcomes, sent } = setStage();
  const agentId = idOf(7);
  dispatch.join({ connection: 1, agentId, identity: 1, samples: [event("s")] });
  dispatch.join({ connection: 2, agentId, identity: 2, samples: [event("s")] });
  assertEquals(sent, ["s → 1", "s → 2"]);
  answer(1, "s");
  assertEquals([...ledger.all()].map(({ state }) => state), ["answered", "answering"]);
  answer(2, "s");
  dispatch.ask(event("a"), { askedBy: "rest" }); // to 1
  assertEquals(answer(2, "a"), "not_asked");
  answer(1, "a");
  assertEquals(outcomes, [[1, "answered"], [2, "answered"], [1, "answered"]]);
  assertEquals([...dispatch.agents()].map(({ answered }) => answered), [2, 1]);
});

Deno.test("an agent that was cut off may answer its earlier events once it is back", () => {
  const { dispatch, ledger, join, ask, answer } = setStage();
  join(1);
  ask("a");
  dispatch.leave(1);
  assertEquals(answer(1, "a"), "unknown"); // its connection has ended
  dispatch.join({ connection: 2, agentId: idOf(1), identity: 1, samples: [] });
  assertEquals(answer(2, "a"), "known");
  assertEquals(ledger.get("a")?.answer?.connection, 2);
});

Deno.test("broadcast, each agent's answer is kept and counted, and the first one stays the one that counts", () => {
  const { ledger, join, ask, answer, ack, outcomes } = setStage({ broadcast: true });
  join(1, 2, 3);
  ask("a");
  ack(3, "a", "down");
  answer(2, "a", { text: "second agent", metadata: { declined: true } });
  answer(1, "a", { text: "first agent" });
  answer(2, "a", { text: "changed its mind" });
  const asked = ledger.get("a");
  assertEquals([...asked?.said.values() ?? []].map(({ connection, state, text }) => [connection, state, text]), [
    [3, "failed", "down"],
    [2, "answered", "second agent"],
    [1, "answered", "first agent"],
  ]);
  assertEquals([asked?.answer?.connection, asked?.state], [2, "answered"]);
  assertEquals(outcomes, [[3, "failed"], [2, "declined"], [1, "answered"]]);
  assertEquals(ledger.counts, { waiting: 0, answering: 0, answered: 1, declined: 1, failed: 0 });
});

Deno.test("an answer that was declined is no longer counted as such once a replay brings another", () => {
  const { dispatch, ledger, join, ask, answer } = setStage();
  join(1);
  ask("a");
  answer(1, "a", { metadata: { declined: true } });
  assertEquals(ledger.counts.declined, 1);
  dispatch.replay("a");
  assertEquals(ledger.counts.declined, 0);
  answer(1, "a");
  assertEquals([ledger.counts.declined, ledger.counts.answered], [0, 1]);
});

Deno.test("chunks are told to the client that asked for them, before the response", () => {
  const { dispatch, ledger, join, asker, answer, ack, chunk, told } = setStage();
  join(1);
  dispatch.ask(event("a", "?", { stream: true }), { askedBy: "client", asker });
  chunk(1, "a", 0, "Hel");
  chunk(1, "a", 1, "lo");
  assertEquals(ledger.get("a")?.said.get(1)?.text, "Hello");
  answer(1, "a", { text: "Hello." });
  ack(1, "a");
  assertEquals(told, ["chunk a 0 Hel", "chunk a 1 lo", `response a ${idOf(1)}`, "ack a processed"]);
  chunk(1, "a", 2, "late");
  assertEquals([told.length, ledger.get("a")?.said.get(1)?.text], [4, "Hello."]);
});

Deno.test("a client that did not ask for chunks is told none, and they are kept all the same", () => {
  const { dispatch, ledger, join, asker, chunk, told } = setStage();
  join(1);
  dispatch.ask(event("a"), { askedBy: "client", asker });
  chunk(1, "a", 0, "Hel");
  assertEquals([told, ledger.get("a")?.said.get(1)?.text], [[], "Hel"]);
});

Deno.test("a client that asks while the answer grows is told what there is, with consecutive numbers from then on", () => {
  const { dispatch, join, asker, chunk, told } = setStage();
  const latecomer = (shown: string[]) => ({ tell: (frame: string) => void shown.push(inShort(frame)) });
  const second: string[] = [], third: string[] = [];
  join(1);
  const streamed = event("a", undefined, { stream: true });
  dispatch.ask(streamed, { askedBy: "client", asker });
  chunk(1, "a", 0, "one ");
  chunk(1, "a", 1, "two ");
  dispatch.ask(streamed, { askedBy: "client", asker: latecomer(second) });
  dispatch.ask(streamed, { askedBy: "client", asker }); // it has had all of it
  chunk(1, "a", 2, "three ");
  chunk(1, "a", 4, "five"); // one is missing
  dispatch.ask(streamed, { askedBy: "client", asker: latecomer(third) });
  chunk(1, "a", 5, "six");
  chunk(1, "a", 0, "anew", true);
  chunk(1, "a", 1, "!");
  const anew = ["chunk a 0 anew (restart)", "chunk a 1 !"];
  assertEquals(
    told,
    ["one ", "two ", "three "].map((text, index) => `chunk a ${index} ${text}`).concat([
      "chunk a 4 five",
      "chunk a 5 six",
      ...anew,
    ]),
  );
  assertEquals(second, ["chunk a 0 one two ", "chunk a 1 three ", "chunk a 3 five", "chunk a 4 six", ...anew]);
  assertEquals(third, anew);
});

Deno.test("an agent that begins anew says so, and its earlier chunks are dropped", () => {
  const { dispatch, ledger, join, asker, chunk, told } = setStage();
  join(1);
  dispatch.ask(event("a", "?", { stream: true }), { askedBy: "client", asker });
  chunk(1, "a", 0, "Hel");
  chunk(1, "a", 1, "Good", true);
  chunk(1, "a", 2, " day");
  const said = ledger.get("a")?.said.get(1);
  assertEquals([said?.text, said?.restarts], ["Good day", 1]);
  assertEquals(told, ["chunk a 0 Hel", "chunk a 1 Good (restart)", "chunk a 2  day"]);
});

Deno.test("after a missing chunk nothing is shown until the agent begins anew", () => {
  const { ledger, join, ask, chunk } = setStage();
  join(1);
  ask("a");
  const text = () => ledger.get("a")?.said.get(1)?.text;
  chunk(1, "a", 0, "one");
  chunk(1, "a", 2, "three");
  assertEquals(text(), "");
  chunk(1, "a", 3, "four");
  assertEquals(text(), "");
  chunk(1, "a", 0, "one", true);
  assertEquals(text(), "one");
});

Deno.test("after a hand-over the next agent's chunks begin with a restart, and the first one's are gone", () => {
  const { dispatch, ledger, join, asker, chunk, told } = setStage();
  join(1);
  dispatch.ask(event("a", "?", { stream: true }), { askedBy: "client", asker });
  chunk(1, "a", 0, "Hel");
  join(2);
  dispatch.leave(1);
  assertEquals(ledger.get("a")?.said.size, 0);
  chunk(2, "a", 0, "Good");
  assertEquals(told, ["chunk a 0 Hel", "chunk a 0 Good (restart)"]);
});

Deno.test("broadcast, whoever asked follows one agent at a time, and all grow side by side", () => {
  const { dispatch, ledger, join, asker, answer, ack, chunk, told } = setStage({ broadcast: true });
  join(1, 2);
  dispatch.ask(event("a", "?", { stream: true }), { askedBy: "client", asker });
  chunk(2, "a", 0, "two");
  chunk(1, "a", 0, "one");
  chunk(2, "a", 1, "!");
  assertEquals([...ledger.get("a")?.said.values() ?? []].map(({ text }) => text), ["two!", "one"]);
  ack(2, "a", "broke off");
  chunk(1, "a", 1, "?"); // its beginning was never told
  assertEquals(told, ["chunk a 0 two", "chunk a 1 !"]);
  chunk(1, "a", 0, "one again", true);
  answer(1, "a");
  assertEquals(told.slice(2), ["chunk a 0 one again (restart)", `response a ${idOf(1)}`]);
});

Deno.test("broadcast, an agent goes on growing after another one's answer has counted", () => {
  const { ledger, join, ask, answer, chunk } = setStage({ broadcast: true });
  join(1, 2);
  ask("a");
  chunk(2, "a", 0, "slow");
  answer(1, "a");
  chunk(2, "a", 1, " one");
  assertEquals(ledger.get("a")?.said.get(2)?.text, "slow one");
  answer(2, "a", { text: "slow one." });
  assertEquals(ledger.get("a")?.said.get(2)?.state, "answered");
});

Deno.test("beyond the limit of growing answers a text is not kept, and its answer is", () => {
  const { ledger, join, ask, answer, chunk } = setStage({ limits: { growingBytes: 10 } });
  join(1);
  ask("a", "b");
  chunk(1, "a", 0, "12345678");
  chunk(1, "b", 0, "12345678");
  assertEquals([ledger.get("a")?.said.get(1)?.text, ledger.get("b")?.said.get(1)?.text], ["12345678", ""]);
  answer(1, "a", { text: "a whole answer" });
  answer(1, "b", { text: "another one" });
  assertEquals(ledger.get("b")?.answer?.text, "another one");
  ask("c");
  chunk(1, "c", 0, "1234567890"); // what had grown before is whole, and counts no more
  assertEquals(ledger.get("c")?.said.get(1)?.text, "1234567890");
});

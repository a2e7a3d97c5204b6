/** The choice of an agent for each event, hand-overs, and the answers that clients are told. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { Placed } from "../../src/test_server/dispatch.ts";
import { isSettled, sampleKey } from "../../src/test_server/ledger.ts";
import { event } from "../support/events.ts";
import { idOf as id, setStage as stage } from "./stage.ts";

Deno.test("an event goes to the agent with the least to do, of equals to the one that was given the fewest", () => {
  const { join, ask, answer, sent } = stage();
  join(1, 2);
  ask("a", "b", "c");
  answer(2, "b");
  ask("d", "e");
  assertEquals(sent, ["a → 1", "b → 2", "c → 1", "d → 2", "e → 2"]);
  answer(1, "a");
  answer(1, "c");
  answer(2, "d");
  answer(2, "e");
  ask("f", "g");
  assertEquals(sent.slice(5), ["f → 1", "g → 2"]);
});

Deno.test("a conversation stays with its agent, however much that has to do", () => {
  const { join, askIn, sent } = stage();
  join(1, 2);
  askIn({ conversationId: "c" }, "a", "b");
  askIn({ userId: "c" }, "d"); // a user is no conversation, even of the same name
  askIn({ conversationId: "c" }, "e");
  assertEquals(sent, ["a → 1", "b → 1", "d → 2", "e → 1"]);
});

Deno.test("events wait while there is no agent, and go to the first one in the order in which they were asked", () => {
  const { dispatch, ledger, join, ask, sent } = stage();
  ask("a", "b");
  assertEquals([ledger.get("a")?.state, ledger.counts.waiting], ["waiting", 2]);
  join(1);
  assertEquals([ledger.get("a")?.state, ledger.counts.waiting], ["answering", 0]);
  dispatch.leave(1);
  ask("c");
  join(2);
  assertEquals(sent, ["a → 1", "b → 1", "a → 2", "b → 2", "c → 2"]);
});

Deno.test("unanswered events of an agent that has gone go to another, under the same ids and in order, and nothing else does", () => {
  const { dispatch, join, ask, askIn, answer, sent } = stage();
  join(1);
  ask("done");
  askIn({ userId: "u" }, "a", "b", "c");
  answer(1, "done");
  join(2);
  dispatch.leave(1);
  assertEquals(sent.slice(4), ["a → 2", "b → 2", "c → 2"]);
  join(3);
  askIn({ userId: "u" }, "d");
  assertEquals(sent.slice(7), ["d → 2"]); // where its conversation has gone
});

Deno.test("an agent that comes back gets its conversation back", () => {
  const { dispatch, join, askIn, answer, sent } = stage();
  join(1, 2);
  askIn({ userId: "u" }, "a");
  answer(1, "a");
  dispatch.leave(1);
  dispatch.join({ connection: 3, agentId: id(1), identity: 1, samples: [] });
  askIn({ userId: "v" }, "x"); // the returned one has less behind it
  askIn({ userId: "u" }, "b");
  assertEquals(sent, ["a → 1", "x → 2", "b → 3"]);
});

Deno.test("whoever asked is told the first response and the first ack, though two agents answer after a hand-over", () => {
  const { dispatch, join, asker, answer, ack, told, ledger } = stage();
  join(1);
  dispatch.ask(event("a"), { askedBy: "client", asker });
  join(2);
  dispatch.leave(1);
  dispatch.join({ connection: 3, agentId: id(1), identity: 1, samples: [] });
  answer(3, "a"); // it had the answer in its journal
  ack(3, "a");
  answer(2, "a");
  ack(2, "a");
  assertEquals(told, [`response a ${id(3)}`, "ack a processed"]);
  assertEquals([ledger.get("a")?.state, ledger.get("a")?.answer?.connection], ["answered", 3]);
  assertEquals([...dispatch.agents()].map(({ inFlight }) => inFlight.size), [0, 0]);
});

Deno.test("a client that has gone is told nothing more", () => {
  const { dispatch, join, asker, answer, told, ledger } = stage();
  dispatch.ask(event("a"), { askedBy: "client", asker });
  dispatch.forget(asker);
  assertEquals(ledger.get("a")?.askers.size, 0);
  join(1);
  answer(1, "a");
  assertEquals([told, ledger.get("a")?.state], [[], "answered"]);
});

Deno.test("an ack that its agent can no longer send comes from the server, after the response", () => {
  const { dispatch, join, asker, answer, told } = stage();
  join(1);
  dispatch.ask(event("a"), { askedBy: "client", asker });
  answer(1, "a");
  dispatch.leave(1);
  assertEquals(told, [`response a ${id(1)}`, "ack a processed"]);
});

Deno.test("an event that an agent can't answer has failed, and whoever asked is told why", () => {
  const { dispatch, join, asker, ack, told, ledger } = stage();
  join(1);
  dispatch.ask(event("a"), { askedBy: "client", asker });
  ack(1, "a", "the model is down");
  assertEquals(told, ["ack a error"]);
  assertEquals([ledger.get("a")?.state, ledger.get("a")?.error], ["failed", "the model is down"]);
});

Deno.test("broadcast, each agent gets each event; the first response counts, and an error only if all fail", () => {
  const { dispatch, join, asker, answer, ack, told, sent, ledger } = stage({ broadcast: true });
  join(1, 2);
  for (const name of ["a", "b", "c"]) dispatch.ask(event(name), { askedBy: "client", asker });
  assertEquals(sent, ["a → 1", "a → 2", "b → 1", "b → 2", "c → 1", "c → 2"]);
  ack(1, "a", "down");
  answer(2, "a");
  ack(2, "a");
  answer(1, "b");
  answer(2, "b");
  ack(1, "c", "down");
  assertEquals(ledger.get("c")?.state, "answering");
  ack(2, "c", "down too");
  assertEquals(told, [`response a ${id(2)}`, "ack a processed", `response b ${id(1)}`, "ack c error"]);
  assertEquals(ledger.get("c")?.error, "down too");
});

Deno.test("broadcast, an event whose agents have all gone waits for the next one", () => {
  const { dispatch, join, ask, sent, ledger } = stage({ broadcast: true });
  join(1, 2);
  ask("a");
  dispatch.leave(1);
  assertEquals(sent.length, 2);
  dispatch.leave(2);
  assertEquals(ledger.get("a")?.state, "waiting");
  join(3);
  assertEquals(sent.slice(2), ["a → 3"]);
});

Deno.test("an id that is being answered is not sent again; one that was answered is, to the agent that has the answer", () => {
  const { dispatch, join, ask, answer, ack, asker, sent, told, ledger } = stage();
  join(1, 2);
  ask("x", "a", "a");
  assertEquals(sent, ["x → 1", "a → 2"]);
  answer(2, "a");
  ack(2, "a");
  join(3);
  dispatch.ask(event("a"), { askedBy: "client", asker });
  assertEquals(sent.slice(2), ["a → 2"]);
  answer(2, "a");
  ack(2, "a");
  assertEquals(told, [`response a ${id(2)}`, "ack a processed"]);
  assertEquals(ledger.get("a")?.replays, 1);
});

Deno.test("samples go to the agent that they are for and to no other, and count for no limit when it is gone", () => {
  const { dispatch, ledger, join, ask, sent, answer } = stage({ limits: { unanswered: 1 } });
  dispatch.join({ connection: 1, agentId: id(1), identity: 1, samples: [event("s")] });
  join(2);
  dispatch.leave(1);
  assertEquals(sent.splice(0), ["s → 1"]);
  ask("a");
  answer(2, "a");
  assertEquals(sent.splice(0), ["a → 2"]);
  assertEquals(dispatch.replay(sampleKey(1, "s")), { ok: false, reason: "it is not answered yet" });
  dispatch.join({ connection: 3, agentId: id(1), identity: 1, samples: [event("s")] });
  answer(3, "s");
  assertEquals(ledger.get(sampleKey(1, "s"))?.state, "answered");
  dispatch.replay(sampleKey(1, "s"));
  assertEquals(sent, ["s → 3", "s → 3"]);
  dispatch.leave(3);
  answer(2, "s"); // a stranger to it
  assertEquals(ledger.get(sampleKey(1, "s"))?.answer?.connection, 3);
});

Deno.test("a message about an event that nobody asked is told to belong to none", () => {
  const { dispatch, join } = stage();
  join(1);
  const ack = { type: "ack", eventId: "nobody's", status: "processed", timestamp: 1 } as const;
  assertEquals(dispatch.hear(1, ack, JSON.stringify(ack)), "unknown");
});

Deno.test("beyond the limit of unanswered events, or of their size, the next one is refused with the reason", () => {
  const few = stage({ limits: { unanswered: 2 } });
  few.ask("a", "b");
  assertStringIncludes(reasonOf(few.dispatch.ask(event("c"), { askedBy: "rest" })), "the limit of 2 unanswered events");
  few.join(1);
  few.answer(1, "a");
  assertEquals(few.dispatch.ask(event("c"), { askedBy: "rest" }).ok, true);
  assertStringIncludes(reasonOf(few.dispatch.replay("a")), "the limit of 2 unanswered events");

  const small = stage({ limits: { unansweredBytes: JSON.stringify(event("a")).length } });
  small.ask("a");
  assertStringIncludes(reasonOf(small.dispatch.ask(event("b"), { askedBy: "rest" })), "bytes");
});

Deno.test("of settled events only the latest are kept, and unanswered ones are never forgotten", () => {
  const { dispatch, ledger, join, ask, answer } = stage({ limits: { kept: 2 } });
  join(1);
  ask("old", "a", "b", "c");
  for (const name of ["a", "b", "c"]) answer(1, name);
  assertEquals([...ledger.all()].map(({ key }) => key), ["old", "b", "c"]);
  assertEquals(dispatch.replay("a"), { ok: false, reason: "there is no such event any more" });
  assertEquals(ledger.counts, { waiting: 0, answering: 1, answered: 3, declined: 0, failed: 0 });

  const small = stage({ limits: { keptBytes: 550 } });
  small.join(1);
  for (const name of ["a", "b", "c"]) {
    small.ask(name);
    small.answer(1, name);
  }
  assertEquals([...small.ledger.all()].map(({ key }) => key), ["c"]);

  const tiny = stage({ limits: { keptBytes: 1 } });
  tiny.join(1);
  tiny.ask("a");
  tiny.answer(1, "a");
  assertEquals(tiny.ledger.get("a")?.answer?.text, "!"); // whoever asked has yet to be told
});

Deno.test("whatever agents come, go, answer and fail: no event is lost or told twice, and the counts are right", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("ask" as const), n: fc.nat(9), user: fc.nat(2) }),
    fc.record({ kind: fc.constant("join" as const), n: fc.nat(3) }),
    fc.record({ kind: fc.constant("leave" as const), n: fc.nat(3) }),
    fc.record({ kind: fc.constantFrom("answer" as const, "fail" as const), n: fc.nat(3) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, broadcast) => {
    const { dispatch, ledger, told, asker, answer, ack } = stage({ broadcast });
    const asked = new Set<string>(), here = new Map<number, number>();
    let connections = 0;
    for (const { kind, n, ...rest } of steps) {
      const connection = here.get(n);
      if (kind === "ask" && !asked.has(`e${n}`)) {
        asked.add(`e${n}`);
        dispatch.ask(event(`e${n}`, undefined, { userId: `u${"user" in rest ? rest.user : 0}` }), {
          askedBy: "client",
          asker,
        });
      }
      if (kind === "join" && connection === undefined) {
        here.set(n, ++connections);
        dispatch.join({ connection: connections, agentId: id(n), identity: n, samples: [] });
      }
      if (connection === undefined) continue;
      const [next] = [...dispatch.agents()].find((agent) => agent.connection === connection)!.inFlight.keys();
      if (kind === "leave" && here.delete(n)) dispatch.leave(connection);
      if (kind === "fail" && next !== undefined) ack(connection, next, "down");
      if (kind === "answer" && next !== undefined) {
        answer(connection, next);
        ack(connection, next);
      }
    }
    if (here.size === 0) dispatch.join({ connection: ++connections, agentId: id(9), identity: 9, samples: [] });
    for (const agent of dispatch.agents()) {
      for (const key of [...agent.inFlight.keys()]) {
        answer(agent.connection, key);
        ack(agent.connection, key);
      }
    }
    assertEquals([...asked].filter((key) => !isSettled(ledger.get(key)!)), []);
    const ends = told.filter((line) => line.startsWith("response") || line.endsWith("error"));
    assertEquals(ends.map((line) => line.split(" ")[1]).toSorted(), [...asked].toSorted());
    const { waiting, answering, answered, failed } = ledger.counts;
    assertEquals([waiting, answering, answered + failed], [0, 0, asked.size]);
  }));
});

function reasonOf(placed: Placed): string {
  return placed.ok ? "it was not refused" : placed.reason;
}

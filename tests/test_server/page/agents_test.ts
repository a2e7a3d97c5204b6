/** The page in a real browser: several agents, agents and servers that go, and a flood of events. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { startAgent } from "../../support/agent.ts";
import { browserTests } from "../../support/browser.ts";
import { connect } from "../../support/client.ts";
import { ask, connectTo, eventOf, pageUrl, stateOf, unfold } from "../../support/page.ts";
import { startServer } from "../../support/server.ts";

const testInBrowser = browserTests();
const AGENT = "550e8400-e29b-41d4-a716-446655440000";

testInBrowser("two agents share the load, and one conversation stays with one of them", async ({ open, keep }) => {
  await using server = await startServer({ events: [] });
  await using first = await startAgent({ env: connectTo(server.url) });
  await using second = await startAgent({ env: connectTo(server.url) });
  await server.authenticated(2);
  const page = await open(pageUrl(server));
  await page.locator(".agent").nth(1).waitFor();
  for (const [user, queries] of [["alice", ["A1?", "A2?", "A3?"]], ["bob", ["B1?", "B2?", "B3?"]]] as const) {
    await page.getByLabel("User").fill(user);
    for (const query of queries) await ask(page, query);
  }
  const agentsOf = async (query: string) => {
    await stateOf(eventOf(page, query), "Declined");
    await unfold(eventOf(page, query));
    return await eventOf(page, query).locator(".facts div", { hasText: /^Agent/ }).innerText();
  };
  const [alices, bobs] = [await agentsOf("A1?"), await agentsOf("B1?")];
  assert(alices !== bobs, `${alices} ${bobs}`);
  assertEquals([await agentsOf("A2?"), await agentsOf("A3?")], [alices, alices]);
  assertEquals([await agentsOf("B2?"), await agentsOf("B3?")], [bobs, bobs]);
  for (const index of [0, 1]) await page.locator(".agent").nth(index).getByText(/^3 answered/).waitFor();
  assertEquals([(await first.responses(3)).length, (await second.responses(3)).length], [3, 3]);
  await keep(page, "two agents");
});

testInBrowser("with --broadcast the page says so, and an event shows every agent it went to", async ({ open }) => {
  await using server = await startServer({ events: [], broadcast: true });
  const page = await open(pageUrl(server));
  await page.getByText("Each event goes to every agent").waitFor();
  const agents = [await connect(server.url), await connect(server.url)] as const;
  await using _first = agents[0];
  await using _second = agents[1];
  for (const [index, agent] of agents.entries()) {
    agent.authenticate({ agentId: AGENT.replace(/^./, String(index)) });
    await agent.received(1);
  }
  await page.locator(".agent").nth(1).waitFor();
  await ask(page, "Who is there?");
  await unfold(eventOf(page, "Who is there?"));
  await eventOf(page, "Who is there?").getByText("#0 050e8400 → #1 150e8400").waitFor();
});

testInBrowser("an agent dies, and the event that it left is answered by another", async ({ open, keep }) => {
  await using server = await startServer({ events: [] });
  await using first = await startAgent({ env: connectTo(server.url) });
  await server.authenticated(1);
  first.kill("SIGSTOP");
  const page = await open(pageUrl(server));
  await ask(page, "Who will answer this?");
  const event = eventOf(page, "Who will answer this?");
  await stateOf(event, "Answering");
  await page.locator(".agent").getByText("1 in flight").waitFor();
  await using second = await startAgent({ env: connectTo(server.url) });
  await page.locator(".agent").nth(1).waitFor();
  await keep(page, "an agent hangs");
  first.kill("SIGKILL");
  await stateOf(event, "Answered");
  await unfold(event);
  await event.getByText(/^#0 [0-9a-f]{8} → #1 [0-9a-f]{8}$/).waitFor();
  assertEquals(await page.locator(".agent").count(), 1);
  assertEquals((await second.responses(1)).length, 1);
  await keep(page, "an agent died");
});

testInBrowser(
  "the page says that the server is gone, connects again by itself, and shows what there is now",
  async ({ open, keep }) => {
    const first = await startServer({ events: [] });
    const page = await open(pageUrl(first));
    await ask(page, "Before?");
    await first.close();
    await page.getByText("Disconnected, trying again…").waitFor();
    await page.getByRole("button", { name: "Ask", exact: true }).click();
    await page.getByText("Not sent: the page is not connected to the server").waitFor();
    await keep(page, "disconnected");
    await using second = await startServer({ events: [], port: first.port });
    await ask(page, "After?");
    await stateOf(eventOf(page, "After?"), "Waiting");
    assertEquals(await page.locator(".event").count(), 1); // the new server knows nothing of the old one's
    const dialledAgain = page.waitForEvent("websocket");
    second.drop();
    await dialledAgain;
    await ask(page, "After a cut?");
    await stateOf(eventOf(page, "After a cut?"), "Waiting");
  },
);

testInBrowser("a question whose reply is lost with the connection is not told as refused", async ({ open }) => {
  await using server = await startServer({ events: [] });
  const page = await open(pageUrl(server));
  await page.getByText("Live").waitFor();
  // As a text: the tests know no browser's types. A socket that is being closed hears nothing more.
  await page.evaluate(`
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (text) {
      WebSocket.prototype.send = send;
      send.call(this, text);
      this.close();
    };`);
  await page.locator("#query").fill("Was this asked?");
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  const lost = "The connection ended before the server had answered: look whether it was done";
  await page.locator("#ask-result").getByText(lost, { exact: true }).waitFor();
  await stateOf(eventOf(page, "Was this asked?"), "Waiting");
});

testInBrowser(
  "thousands of events: a bounded list, exact counts, and a page that goes on working",
  async ({ open, keep }) => {
    const EVENTS = 3_000;
    await using server = await startServer({ events: [] });
    const page = await open(pageUrl(server));
    await page.getByText("Live").waitFor();
    // As a text: the tests know no browser's types.
    await page.evaluate(`
    told = [];
    new MutationObserver(() => told.push({ atMs: performance.now(), text: announcer.textContent }))
      .observe(announcer, { childList: true });
  `);
    await using agent = await connect(server.url);
    agent.authenticate({ agentId: AGENT });
    await agent.received(1);
    await using client = await connect(server.url);
    for (let sent = 0; sent < EVENTS; sent++) client.send({ id: `e${sent}`, query: `Question ${sent}?`, timestamp: 1 });
    await agent.received(1 + EVENTS);
    await page.locator("#filter label").filter({ hasText: "Answering" }).getByText("3,000").waitFor();
    // News of an old one does not put it before the newer ones.
    agent.send({ type: "response", queryId: "e5", response: "Answer 5.", timestamp: 1, agentId: AGENT });
    agent.send({ type: "response", queryId: "e2998", response: "Answer 2998.", timestamp: 1, agentId: AGENT });
    await stateOf(eventOf(page, "Question 2998?"), "Answered");
    assertEquals((await page.locator(".event-query").allInnerTexts()).slice(0, 2), [
      "Question 2999?",
      "Question 2998?",
    ]);
    for (let sent = 0; sent < EVENTS; sent++) {
      agent.send({ type: "response", queryId: `e${sent}`, response: `Answer ${sent}.`, timestamp: 1, agentId: AGENT });
    }
    await page.locator("#filter label").filter({ hasText: "Answered" }).getByText("3,000").waitFor();
    await stateOf(eventOf(page, "Question 2999?"), "Answered");
    assertEquals(await page.locator(".event").count(), 50);
    const last = page.locator(".event").nth(10);
    await last.locator("summary").click();
    await page.getByRole("button", { name: /^Show 50 more of 200 events/ }).click();
    await page.locator(".event").nth(99).waitFor();
    assertEquals(await page.locator(".event").count(), 100);
    assertEquals(await page.locator(".event-query").first().innerText(), "Question 2999?");
    await page.getByText("Kept and shown here: the latest 200 events.").waitFor();

    // What is unfolded stays, however many come after it.
    const unfolded = await page.locator(".event:has(details[open]) .event-query").innerText();
    for (let sent = 0; sent < 500; sent++) client.send({ id: `f${sent}`, query: `More ${sent}?`, timestamp: 1 });
    await eventOf(page, "More 499?").waitFor();
    assertEquals(await page.locator(".event:has(details[open]) .event-query").innerText(), unfolded);
    assertEquals(await page.locator(".event").count(), 101);

    const told = await page.evaluate<{ atMs: number; text: string }[]>("told");
    assert(told.length > 0);
    for (const { text } of told) assertMatch(text, /^(Answered: Answer \d+\.|[\d,]+ events? answered\.)$/);
    const pauses = told.slice(1).map(({ atMs }, index) => atMs - told[index]!.atMs);
    assertEquals(pauses.filter((pauseMs) => pauseMs < 3_900), []);
    await keep(page, "thousands");
  },
);

testInBrowser("the filter shows the events in one state, as they come and go", async ({ open }) => {
  await using server = await startServer({ events: [] });
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  await agent.received(1);
  const page = await open(pageUrl(server));
  await page.getByText("Live").waitFor();
  await using client = await connect(server.url);
  for (const id of ["q1", "q2", "q3"]) client.send({ id, query: `${id}?`, timestamp: 1 });
  await agent.received(4);
  await stateOf(eventOf(page, "q3?"), "Answering");
  await page.locator("#filter").getByText(/^Failed/).click();
  await page.getByText("There is no event that is failed.").waitFor();
  agent.send({ type: "ack", eventId: "q2", status: "error", error: "the model is down", timestamp: 1 });
  await page.getByText("the model is down").first().waitFor();
  assertEquals(await page.locator(".event-query").allInnerTexts(), ["q2?"]);
  agent.send({ type: "response", queryId: "q1", response: "One.", timestamp: 1, agentId: AGENT });
  await page.locator("#filter").getByText(/^Answered/).click();
  await stateOf(eventOf(page, "q1?"), "Answered");
  assertEquals(await page.locator(".event-query").allInnerTexts(), ["q1?"]);
  await page.locator("#filter").getByText(/^All/).click();
  await page.locator(".event").nth(2).waitFor();
  assertEquals(await page.locator(".event-query").allInnerTexts(), ["q3?", "q2?", "q1?"]);
});

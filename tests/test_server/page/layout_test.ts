/** The page in a real browser: what is in sight on a laptop, a tablet and a phone, and the figures above the events. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { browserTests } from "../../support/browser.ts";
import { type Client, connect } from "../../support/client.ts";
import { ask, eventOf, pageUrl, stateOf } from "../../support/page.ts";
import { type ServerUnderTest, startServer } from "../../support/server.ts";

const testInBrowser = browserTests();
const AGENT = "550e8400-e29b-41d4-a716-446655440000";

/** An agent that has answered as many events. */
async function answerEvents(server: ServerUnderTest, count: number): Promise<AsyncDisposable & { agent: Client }> {
  const stack = new AsyncDisposableStack();
  const agent = stack.use(await connect(server.url));
  agent.authenticate({ agentId: AGENT });
  const client = stack.use(await connect(server.url));
  await agent.received(1);
  for (let n = 0; n < count; n++) client.send({ id: `e${n}`, query: `What is ${n}?`, timestamp: 1 });
  await agent.received(1 + count);
  for (let n = 0; n < count; n++) {
    agent.send(
      { type: "response", queryId: `e${n}`, response: `It is ${n}.`, timestamp: 1, agentId: AGENT },
      { type: "ack", eventId: `e${n}`, status: "processed", timestamp: 1 },
    );
  }
  await server.acks(count);
  return Object.assign(stack, { agent });
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const [width, height] of [[1280, 720], [768, 1024], [390, 844]] as const) {
    testInBrowser(`${width} pixels, ${colorScheme}: nothing is wider than the window`, async ({ open, keep }) => {
      await using server = await startServer({ events: [] });
      await using _all = await answerEvents(server, 8);
      const page = await open(pageUrl(server), { colorScheme, viewport: { width, height } });
      await page.locator(".event").nth(7).waitFor();
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
      const figures = page.locator("#figures");
      assertEquals(await figures.evaluate((card) => card.scrollWidth - card.clientWidth), 0);
      await keep(page, `${width} ${colorScheme}`);
    });
  }
}

testInBrowser("eight short events fit a laptop's screen", async ({ open }) => {
  await using server = await startServer({ events: [] });
  await using _all = await answerEvents(server, 8);
  const page = await open(pageUrl(server), { viewport: { width: 1280, height: 720 } });
  const last = await page.locator(".event").nth(7).boundingBox();
  assert(last && last.y + last.height <= 720, `the eighth event ends at ${last && last.y + last.height}`);
});

testInBrowser("the left column stays in sight, however far the events are scrolled", async ({ open }) => {
  await using server = await startServer({ events: [] });
  await using _all = await answerEvents(server, 50);
  const page = await open(pageUrl(server), { viewport: { width: 1280, height: 720 } });
  await page.locator(".event").nth(49).scrollIntoViewIfNeeded();
  const box = await page.getByLabel("Question").boundingBox();
  assert(box && box.y >= 0 && box.y + box.height <= 720, JSON.stringify(box));
});

testInBrowser("on a phone the event comes into sight after asking, and so does its answer", async ({ open, keep }) => {
  await using server = await startServer({ events: [] });
  await using all = await answerEvents(server, 5);
  const page = await open(pageUrl(server), { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await page.locator(".event").nth(4).waitFor();
  await ask(page, "Can you see me?");
  const event = eventOf(page, "Can you see me?");
  await event.waitFor();
  const id = ((await all.agent.received(7))[6] as { id: string }).id;
  all.agent.send({ type: "response", queryId: id, response: "Yes.", timestamp: 1, agentId: AGENT });
  await stateOf(event, "Answered");
  const box = await event.getByText("Yes.").boundingBox();
  assert(box && box.y >= 0 && box.y + box.height <= 844, JSON.stringify(box));
  await keep(page, "asked on a phone");
});

testInBrowser(
  "the figures are told for all agents and, where there are several, for each one",
  async ({ open, keep }) => {
    await using server = await startServer({ events: [] });
    await using first = await answerEvents(server, 3);
    const page = await open(pageUrl(server));
    const rows = page.locator("#figures-body tr");
    const texts = async () =>
      (await rows.allInnerTexts()).map((text) => text.replaceAll("\u00a0", " ").split(/\s*\t\s*|\n+/));
    await rows.first().getByText("3/min").waitFor();
    assertEquals(await rows.count(), 1);
    const [all] = await texts();
    assertMatch(all?.join("|") ?? "", /^All agents\|3\/min\|\d+ ms\|\d+ ms\|0 %\|0 %$/);
    assert((await page.locator(".spark-line").first().getAttribute("d"))?.includes("L"), "a line was drawn");

    await using other = await connect(server.url); // of the same agentId, and another agent all the same
    other.authenticate({ agentId: AGENT });
    await rows.nth(2).waitFor({ state: "detached" });
    await using client = await connect(server.url);
    client.send({ id: "bad", query: "Will it fail?", timestamp: 1 });
    const [, { id }] = await other.received(2) as [unknown, { id: string }];
    other.send({ type: "ack", eventId: id, status: "error", error: "no model", timestamp: 1 });
    await rows.nth(2).getByText("100 %").waitFor();
    const names = (await texts()).map(([name, rate, , , failed]) => [name, rate, failed]);
    assertEquals(names, [["All agents", "3/min", "25 %"], ["#0 550e8400", "3/min", "0 %"], [
      "#2 550e8400",
      "0/min",
      "100 %",
    ]]);
    await keep(page, "figures");
    await first.agent[Symbol.asyncDispose]();
  },
);

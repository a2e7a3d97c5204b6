/** The page in a real browser, for everybody: keyboard alone, screen readers, light and dark, small screens, tokens. @module */

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import axe from "axe-core";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { startAgent } from "../../support/agent.ts";
import { browserTests } from "../../support/browser.ts";
import { type Client, connect } from "../../support/client.ts";
import { ask, connectTo, eventOf, pageUrl, stateOf } from "../../support/page.ts";
import { type ServerUnderTest, startServer } from "../../support/server.ts";

const testInBrowser = browserTests();
const AGENT = "550e8400-e29b-41d4-a716-446655440000";
const LONG = "Donaudampfschifffahrtsgesellschaft".repeat(8);

/** An agent, and events in every state, with everything unfolded. */
async function showAll(server: ServerUnderTest, page: Page): Promise<AsyncDisposable & { agent: Client }> {
  const stack = new AsyncDisposableStack();
  const agent = stack.use(await connect(server.url));
  agent.authenticate({ agentId: AGENT });
  await agent.received(1);
  const client = stack.use(await connect(server.url));
  const metadata = { userId: "alice", conversationId: LONG, priority: "high", [LONG]: { more: LONG } };
  for (const id of ["q1", "q2", LONG]) client.send({ id, query: `Is ${id} answered?`, timestamp: 1, metadata });
  await agent.received(4);
  agent.send({ type: "response", queryId: "q1", response: `Yes. ${LONG}`, timestamp: 1, agentId: AGENT });
  agent.send({ type: "ack", eventId: "q2", status: "error", error: `no model: ${LONG}`, timestamp: 1 });
  await stateOf(eventOf(page, "Is q1 answered?"), "Answered");
  await stateOf(eventOf(page, "Is q2 answered?"), "Failed");
  await stateOf(eventOf(page, `Is ${LONG} answered?`), "Answering");
  for (const summary of await page.locator("summary:visible").all()) await summary.click();
  await page.getByRole("button", { name: "Send to an agent" }).click();
  await page.getByText(/^Sent\./).waitFor();
  await page.getByLabel("Metadata, a JSON object").fill("no");
  await page.getByLabel("Question").press("Control+Enter");
  await page.getByText("Write a question first.").waitFor();
  return Object.assign(stack, { agent });
}

/** What axe-core finds wrong, one line each. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate<AxeResults>("axe.run()");
  assert(passes.some(({ id, nodes }) => id === "color-contrast" && nodes.length > 10), "contrast was computed");
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)
  );
}

for (const colorScheme of ["light", "dark"] as const) {
  testInBrowser(
    `${colorScheme}: contrast, labels and landmarks stand up to axe-core, in every state`,
    async ({ open, keep }) => {
      await using server = await startServer({ events: [] });
      // Its own styles would be against the page's policy.
      const page = await open(pageUrl(server), { colorScheme, bypassCSP: true });
      await page.getByText("No agent is connected.").waitFor();
      assertEquals(await barriers(page), []);
      await using _all = await showAll(server, page);
      assertEquals(await barriers(page), []);
      await keep(page, colorScheme);
    },
  );
}

for (const colorScheme of ["light", "dark"] as const) {
  testInBrowser(
    `${colorScheme}: answers that grow, are declined, fail or stand side by side, and Markdown, stand up to axe-core`,
    async ({ open }) => {
      await using server = await startServer({ events: [], broadcast: true });
      const page = await open(pageUrl(server), { colorScheme, bypassCSP: true });
      await page.getByText("Live").waitFor();
      await using stack = new AsyncDisposableStack();
      const agents = await Promise.all([1, 2, 3, 4].map(() => connect(server.url)));
      for (const agent of agents) {
        stack.use(agent).authenticate({ agentId: AGENT });
        await agent.received(1);
      }
      await using client = await connect(server.url);
      client.send({ id: "q", query: "How?", timestamp: 1, metadata: { userId: "alice" } });
      for (const agent of agents) await agent.received(2);
      const response = { type: "response", queryId: "q", timestamp: 1, agentId: AGENT };
      const [one, two, three, four] = agents;
      one?.send({
        ...response,
        response: `# Head\n\n- a\n- \`b\`\n\n| c |\n| --- |\n| [d](https://iex.ec) |\n\n> e\n\n    f`,
      });
      two?.send({ ...response, response: "I don't know.", metadata: { declined: true, cutOff: true } });
      three?.send({ type: "ack", eventId: "q", status: "error", error: "no model", timestamp: 1 });
      four?.send({ type: "chunk", queryId: "q", index: 0, delta: "Let me", timestamp: 1 });
      await page.locator(".answer").nth(3).waitFor();
      await page.getByText("cut off at the limit of tokens").waitFor();
      await page.getByText("no model").waitFor();
      assertEquals(await barriers(page), []);
    },
  );
}

testInBrowser("light and dark are the user's choice", async ({ open }) => {
  await using server = await startServer({ events: [] });
  const [light, dark] = [
    await open(pageUrl(server), { colorScheme: "light" }),
    await open(pageUrl(server), { colorScheme: "dark" }),
  ];
  const ground = (page: Page) => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  assertNotEquals(await ground(light), await ground(dark));
});

testInBrowser("at 360 pixels nothing is wider than the screen, however long the words", async ({ open, keep }) => {
  await using server = await startServer({ events: [] });
  const page = await open(pageUrl(server), { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await page.getByText("Live").waitFor();
  await using _all = await showAll(server, page);
  assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 360);
  const tooWide = await page.evaluate(`
    [...document.querySelectorAll("body *:not(.visually-hidden, .skip)")]
      .filter((element) => element.getClientRects().length > 0 && element.getBoundingClientRect().right > 360)
      .map((element) => element.outerHTML.slice(0, 100))
  `);
  assertEquals(tooWide, []);
  await keep(page, "phone");
});

testInBrowser(
  "with the keyboard alone: ask, read the frames, replay, send a malformed frame",
  async ({ open, keep }) => {
    await using server = await startServer({ events: [] });
    await using _agent = await startAgent({ env: connectTo(server.url) });
    const page = await open(pageUrl(server));
    await page.locator(".agent").waitFor();
    const { keyboard } = page;
    const visited: string[] = [];
    /** Press Tab until the focus is on what has this name; each stop on the way must be seen. */
    async function tabTo(name: string): Promise<void> {
      for (let stops = 0; stops < 20; stops++) {
        await keyboard.press("Tab");
        const stop = await page.evaluate<{ name: string; isSeen: boolean }>(FOCUSED);
        visited.push(stop.name);
        assert(stop.isSeen, `${stop.name}: the focus is seen`);
        if (stop.name.startsWith(name)) return;
      }
      throw new Error(`Tab does not lead to ${name}. It led to ${visited.join(", ")}`);
    }

    await tabTo("Skip to the events");
    await tabTo("Question");
    await keyboard.type("What is a workerpool?");
    await tabTo("User");
    await tabTo("Priority");
    await keyboard.press("ArrowDown");
    await tabTo("More metadata");
    await keyboard.press("Enter");
    await tabTo("Metadata, a JSON object");
    await keyboard.type('{ "by": "hand" }');
    await keyboard.press("Control+Enter");
    const event = eventOf(page, "What is a workerpool?");
    await stateOf(event, "Answered");
    await tabTo("Send a malformed event");
    await keyboard.press("Space");
    await tabTo("What is wrong with it");
    await keyboard.press("End");
    await tabTo("Frame, sent as it stands here");
    await tabTo("Send to an agent");
    await keyboard.press("Space");
    await page.locator("#stray pre").getByText("What is iExec?").waitFor(); // the last kind: not JSON

    await tabTo("All");
    await keyboard.press("ArrowRight");
    await page.getByText("There is no event that is waiting.").waitFor();
    await keyboard.press("ArrowLeft");
    await event.waitFor();
    await tabTo("Details of “What is a workerpool?”");
    await keyboard.press("Enter");
    await event.getByText('"by":"hand"').first().waitFor();
    assertStringIncludes(await event.innerText(), "high");
    await tabTo("Replay “What is a workerpool?”");
    await keyboard.press("Enter");
    await event.getByText(/^Replayed once: the stored answer came back/).waitFor();
    await event.getByText("6 raw frames").waitFor(); // event, response and ack, twice
    await event.locator(".frame-list pre").nth(5).waitFor();
    await tabTo("Copy this frame");
    await keep(page, "keyboard");
  },
);

testInBrowser("the first stop skips to the events", async ({ open }) => {
  await using server = await startServer({ events: [] });
  const page = await open(pageUrl(server));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator("#events:focus").waitFor();
  await page.keyboard.press("Tab");
  await page.locator("#filter :focus").waitFor();
});

testInBrowser("nothing moves for a user who wants less motion", async ({ open }) => {
  await using server = await startServer({ events: [] });
  for (const [reducedMotion, moving] of [["no-preference", 1], ["reduce", 0]] as const) {
    const page = await open(pageUrl(server), { reducedMotion });
    await page.getByText("Live").waitFor();
    await using _all = await showAll(server, page);
    assertEquals(await page.evaluate("document.getAnimations().length"), moving);
  }
});

testInBrowser(
  "a wrong token is refused and said to be wrong, the right one lets in and outlives a reload",
  async ({ open, keep }) => {
    await using server = await startServer({ events: [], token: "the right one" });
    const page = await open(pageUrl(server), { bypassCSP: true });
    await page.getByText("This server wants a token").waitFor();
    assertEquals(await page.locator("#desk").isVisible(), false);
    await page.locator("#token:focus").fill("a wrong one");
    await page.keyboard.press("Enter");
    await page.getByText("The server closed the connection: wrong token.").waitFor();
    await page.locator("#token:focus").waitFor();
    await keep(page, "wrong token");
    assertEquals(await barriers(page), []);
    await page.keyboard.type("the right one");
    await page.keyboard.press("Enter");
    await page.getByText("Live").waitFor();
    assertEquals(await page.locator("#sign-in").isVisible(), false);
    await page.locator("#start-command").getByText(/ WEBSOCKET_AUTH_TOKEN=THE_TOKEN deno task start$/).waitFor();
    await page.reload();
    await ask(page, "Am I in?");
    await stateOf(eventOf(page, "Am I in?"), "Waiting");
    const other = await open(pageUrl(server));
    await other.getByText("This server wants a token").waitFor();
    assertEquals(await other.locator(".event").count(), 0);
  },
);

/** The name of what has the focus, and whether the focus is seen: an outline of some width, on it or its label. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  const isRing = (styles) => styles.outlineStyle !== "none" && parseFloat(styles.outlineWidth) >= 2;
  const labels = [...element.labels ?? []];
  return {
    name: element.getAttribute("aria-label") ?? (labels[0] ?? element).innerText.trim(),
    isSeen: [element, ...labels].some((shown) => isRing(getComputedStyle(shown))),
  };
})()`;

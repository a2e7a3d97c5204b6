/** The page in a real browser: answers as they grow, side by side, declined, in Markdown; copied, searched, asked again. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { browserTests } from "../../support/browser.ts";
import { type Client, connect } from "../../support/client.ts";
import { ask, eventOf, pageUrl, stateOf, unfold } from "../../support/page.ts";
import { type ServerUnderTest, startServer } from "../../support/server.ts";

const testInBrowser = browserTests();
const AGENT = "550e8400-e29b-41d4-a716-446655440000";

/** Agents that say what a test tells them to, all under one agentId. */
async function connectAgents(server: ServerUnderTest, count: number): Promise<AsyncDisposable & { agents: Client[] }> {
  const stack = new AsyncDisposableStack();
  const agents: Client[] = [];
  for (let index = 0; index < count; index++) {
    const agent = stack.use(await connect(server.url));
    agent.authenticate({ agentId: AGENT });
    await agent.received(1);
    agents.push(agent);
  }
  return Object.assign(stack, { agents });
}

/** The id of the event that the agent got as its `count`th. */
async function eventId(agent: Client, count = 1): Promise<string> {
  return ((await agent.received(count + 1)).at(count) as { id: string }).id;
}

const response = (queryId: string, text: string, metadata?: object) => ({
  type: "response",
  queryId,
  response: text,
  timestamp: 1,
  agentId: AGENT,
  ...metadata && { metadata },
});
const chunk = (queryId: string, index: number, delta: string, more = {}) => ({
  type: "chunk",
  queryId,
  index,
  delta,
  timestamp: 1,
  ...more,
});

testInBrowser(
  "an answer is shown as it grows, begins anew where the agent does, and ends whole",
  async ({ open, keep }) => {
    await using server = await startServer({ events: [] });
    await using all = await connectAgents(server, 1);
    const [agent] = all.agents as [Client];
    const page = await open(pageUrl(server));
    await ask(page, "Tell me a story");
    const id = await eventId(agent);
    assertEquals(((await agent.received(2))[1] as { metadata: object }).metadata, {
      source: "page",
      stream: true,
      userId: "page",
      priority: "normal",
    });
    const event = eventOf(page, "Tell me a story");
    const answer = event.locator(".event-answer");
    agent.send(chunk(id, 0, "Once **upon"));
    await answer.getByText("Once **upon").waitFor();
    agent.send(chunk(id, 1, "** a time"));
    await answer.locator("strong").getByText("upon", { exact: true }).waitFor();
    assertEquals(await answer.getAttribute("aria-busy"), "true");
    await keep(page, "growing");
    agent.send(chunk(id, 0, "There was", { restart: true }));
    await answer.getByText("There was").waitFor();
    assertEquals((await answer.innerText()).includes("upon"), false);
    agent.send(response(id, "There was a king."));
    await stateOf(event, "Answered");
    assertEquals(await answer.innerText(), "There was a king.");
    assertEquals(await answer.getAttribute("aria-busy"), "false");
  },
);

testInBrowser("a page that is opened while an answer grows shows the part that has come", async ({ open }) => {
  await using server = await startServer({ events: [] });
  await using all = await connectAgents(server, 1);
  const [agent] = all.agents as [Client];
  const asking = await open(pageUrl(server));
  await ask(asking, "And now?");
  agent.send(chunk(await eventId(agent), 0, "Half of it"));
  const late = await open(pageUrl(server));
  await eventOf(late, "And now?").getByText("Half of it").waitFor();
});

testInBrowser("nothing is asked to grow where the box says so", async ({ open }) => {
  await using server = await startServer({ events: [] });
  await using all = await connectAgents(server, 1);
  const [agent] = all.agents as [Client];
  const page = await open(pageUrl(server));
  await page.getByText("More metadata").click();
  await page.getByLabel("Show the answer as it grows").uncheck();
  await ask(page, "At once?");
  assertEquals("stream" in ((await agent.received(2))[1] as { metadata: object }).metadata, false);
});

testInBrowser(
  "answers of several agents to one event stand side by side, and the first one is named",
  async ({ open, keep }) => {
    await using server = await startServer({ events: [], broadcast: true });
    await using all = await connectAgents(server, 3);
    const [one, two, three] = all.agents as [Client, Client, Client];
    const page = await open(pageUrl(server));
    await ask(page, "Who is right?");
    const id = await eventId(one);
    await Promise.all([eventId(two), eventId(three)]);
    two.send(response(id, "I am."));
    const event = eventOf(page, "Who is right?");
    await stateOf(event, "Answered");
    one.send(chunk(id, 0, "Let me th"));
    three.send({ type: "ack", eventId: id, status: "error", error: "no model", timestamp: 1 });
    const answers = event.locator(".answer");
    await answers.nth(2).waitFor();
    await event.getByText("no model").waitFor();
    const texts = (await answers.allInnerTexts()).map((text) => text.replaceAll("\u00a0", " "));
    assertMatch(texts[0]!, /^#1 550e8400 \d+ ms, first: this one counts\n+I am\./);
    assertMatch(texts[1]!, /^#0 550e8400 answering\n+Let me th/);
    assertMatch(texts[2]!, /^#2 550e8400 failed, \d+ ms\n+no model/);
    const boxes = await Promise.all([0, 1].map((index) => answers.nth(index).boundingBox()));
    assertEquals(boxes[0]?.y, boxes[1]?.y);
    await keep(page, "side by side");
  },
);

testInBrowser(
  "an answer that the agent does not know is told apart, counted, and found by its filter",
  async ({ open, keep }) => {
    await using server = await startServer({ events: [] });
    await using all = await connectAgents(server, 1);
    const [agent] = all.agents as [Client];
    const page = await open(pageUrl(server));
    await ask(page, "What is love?");
    agent.send(response(await eventId(agent), "I don't know.", { declined: true }));
    await stateOf(eventOf(page, "What is love?"), "Declined");
    await ask(page, "What is iExec?");
    // Words alone say nothing.
    agent.send(response(await eventId(agent, 2), "I don't know.", { sources: ["knowledge"] }));
    await stateOf(eventOf(page, "What is iExec?"), "Answered");
    await page.locator("#filter label").filter({ hasText: /^Answered 1$/ }).waitFor();
    await page.locator("#filter label").filter({ hasText: /^Declined 1$/ }).click();
    await page.locator(".event").nth(1).waitFor({ state: "detached" });
    assertEquals(await page.locator(".event-query").allInnerTexts(), ["What is love?"]);
    await page.locator("#figures").getByText("50 %").waitFor();
    await keep(page, "declined");
  },
);

testInBrowser(
  "Markdown is shown as what it means, and nothing of it can run, load or look like the page",
  async ({ open, keep }) => {
    await using server = await startServer({ events: [] });
    await using all = await connectAgents(server, 1);
    const [agent] = all.agents as [Client];
    const page = await open(pageUrl(server));
    const title = await page.title();
    await ask(page, "How?");
    agent.send(response(await eventId(agent), MARKDOWN));
    const answer = eventOf(page, "How?").locator(".event-answer");
    await answer.locator("h4").waitFor();
    for (
      const [found, text] of [["strong", "bold"], ["em", "slanted"], ["code >> nth=0", "code"], ["td >> nth=0", "1"]]
    ) {
      assertEquals(await answer.locator(found!).first().innerText(), text);
    }
    assertEquals(await answer.locator("ol > li").allInnerTexts(), ["first", "second"]);
    assertEquals(await answer.locator("pre").innerText(), 'if (a < b) alert("<b>")');
    const links = await page.evaluate<string[][]>(
      "[...document.querySelectorAll('.event-answer a')].map(({ href, target, rel }) => [href, target, rel])",
    );
    const away = ["_blank", "noopener noreferrer nofollow"];
    assertEquals(links, [["https://docs.iex.ec/", ...away], ["https://iex.ec/", ...away]]);
    for (
      const shown of [
        "[run](javascript:alert(1))",
        "![pixel](https://evil.example/p.png)",
        '<img src="/trap" onerror="',
      ]
    ) {
      await answer.getByText(shown).first().waitFor();
    }
    assertEquals(await answer.locator("img, script, iframe, style, form, input, h1, [onclick], [style]").count(), 0);
    assertEquals(await page.title(), title);
    await keep(page, "markdown");
  },
);

testInBrowser("Markdown nested thousands of levels deep is shown, and stops nothing", async ({ open }) => {
  await using server = await startServer({ events: [] });
  await using all = await connectAgents(server, 1);
  const [agent] = all.agents as [Client];
  const page = await open(pageUrl(server));
  const deep = [">".repeat(7_000), "* ".repeat(3_000), "[".repeat(7_000), "**_".repeat(2_000), "`".repeat(7_001)];
  for (const [index, text] of deep.entries()) {
    await ask(page, `Deep ${index}?`);
    agent.send(response(await eventId(agent, index + 1), text));
    await stateOf(eventOf(page, `Deep ${index}?`), "Answered");
  }
});

testInBrowser("answer, id, frame and start command are copied, whole and as they are", async ({ open }) => {
  await using server = await startServer({ events: [] });
  const page = await open(pageUrl(server));
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = async () => {
    await page.getByText("Copied", { exact: true }).first().waitFor();
    return await page.evaluate<string>("navigator.clipboard.readText()");
  };
  await page.getByRole("button", { name: "Copy the start command" }).click();
  assertMatch(await copied(), /^USE_WEBSOCKET=true WEBSOCKET_URL=ws:\/\/127\.0\.0\.1:\d+ deno task start$/);

  await using all = await connectAgents(server, 1);
  const [agent] = all.agents as [Client];
  await ask(page, "Long?");
  const id = await eventId(agent);
  const text = `**${"long ".repeat(5_000)}end**`;
  agent.send(response(id, text));
  const event = eventOf(page, "Long?");
  await stateOf(event, "Answered");
  await event.hover();
  await event.getByRole("button", { name: "Copy the answer" }).click();
  await event.locator(".answer > .copy").getByText("Copied").waitFor();
  assertEquals(await page.evaluate<string>("navigator.clipboard.readText()"), text);
  await unfold(event);
  await event.getByRole("button", { name: "Copy id of this event" }).click();
  await event.locator(".event-more > .line").getByText("Copied").waitFor();
  assertEquals(await page.evaluate<string>("navigator.clipboard.readText()"), id);
  await event.getByRole("button", { name: "Copy this frame as it is" }).first().click();
  await event.locator(".frame-head").first().getByText("Copied").waitFor();
  assertEquals(JSON.parse(await page.evaluate<string>("navigator.clipboard.readText()")).query, "Long?");
  assertMatch(await event.locator(".frame-list pre").first().innerText(), /^\{\n {2}"id": "event-/);
});

testInBrowser(
  "long questions and answers are folded, and unfold whole, beyond what the page was sent at first",
  async ({ open, keep }) => {
    await using server = await startServer({ events: [] });
    await using all = await connectAgents(server, 1);
    const [agent] = all.agents as [Client];
    const page = await open(pageUrl(server));
    await page.getByText("Live").waitFor();
    await using client = await connect(server.url);
    client.send({ id: "long", query: `Why? ${"Because. ".repeat(2_500)}END OF QUESTION`, timestamp: 1 });
    agent.send(response(await eventId(agent), `${"So it is.\n\n".repeat(2_000)}END OF ANSWER`));
    const event = page.locator(".event");
    await stateOf(event, "Answered");
    const height = async () => (await event.boundingBox())?.height ?? NaN;
    assert(await height() < 400, "the event is folded");
    await keep(page, "folded");
    await event.getByRole("button", { name: /^Show all of the answer, [\d,]+ characters more$/ }).click();
    await event.getByText("END OF ANSWER").waitFor();
    await event.getByRole("button", { name: /^Show all of the question, [\d,]+ characters more$/ }).click();
    await event.getByText("END OF QUESTION").waitFor();
    assert(await height() > 4_000, "the event is unfolded");
    await event.getByRole("button", { name: "Fold the answer" }).click();
    await event.getByRole("button", { name: "Fold the question" }).click();
    assert(await height() < 400, "the event is folded again");
  },
);

testInBrowser("an answer that grows after all of it was shown offers the rest again", async ({ open }) => {
  await using server = await startServer({ events: [] });
  await using all = await connectAgents(server, 1);
  const [agent] = all.agents as [Client];
  const page = await open(pageUrl(server));
  await ask(page, "Tell me a long story");
  const id = await eventId(agent), first = `${"It goes on.\n\n".repeat(2_000)}UP TO HERE`;
  agent.send(chunk(id, 0, first));
  const event = page.locator(".event");
  const showAll = event.getByRole("button", { name: /^Show all of the answer, [\d,]+ characters more$/ });
  await showAll.click();
  await event.getByText("UP TO HERE").waitFor();
  await event.getByRole("button", { name: "Fold the answer" }).waitFor();
  agent.send(response(id, `${first}, AND THE END`));
  await stateOf(event, "Answered");
  await showAll.click();
  await event.getByText("UP TO HERE, AND THE END").waitFor();
  await event.getByRole("button", { name: "Fold the answer" }).click();
  await showAll.waitFor({ state: "detached" });
});

testInBrowser("the search finds words in questions, answers, ids and users, whatever their case", async ({ open }) => {
  await using server = await startServer({ events: [] });
  await using all = await connectAgents(server, 1);
  const [agent] = all.agents as [Client];
  const page = await open(pageUrl(server));
  await page.getByText("Live").waitFor();
  await using client = await connect(server.url);
  client.send({ id: "q-first", query: "What is iExec?", timestamp: 1, metadata: { userId: "alice" } });
  client.send({ id: "q-second", query: "What is RLC?", timestamp: 1, metadata: { userId: "bob" } });
  await agent.received(3);
  agent.send(response("q-second", "A Token."));
  await stateOf(eventOf(page, "What is RLC?"), "Answered");
  const search = page.getByLabel("Search the events");
  for (
    const [words, found] of [
      ["iexec", ["What is iExec?"]],
      ["token WHAT", ["What is RLC?"]],
      ["q-first", ["What is iExec?"]],
      ["bob", ["What is RLC?"]],
      ["what", ["What is RLC?", "What is iExec?"]],
    ] as const
  ) {
    await search.fill(words);
    await page.locator(`.event >> nth=${found.length}`).waitFor({ state: "detached" });
    for (const query of found) await eventOf(page, query).waitFor();
    assertEquals(await page.locator(".event-query").allInnerTexts(), [...found]);
  }
  await search.fill("nowhere");
  await page.getByText("There is no event with these words.").waitFor();
});

testInBrowser(
  "a question is asked again under another id, or edited first, with all that was said about it",
  async ({ open }) => {
    await using server = await startServer({ events: [] });
    await using all = await connectAgents(server, 1);
    const [agent] = all.agents as [Client];
    const page = await open(pageUrl(server));
    await page.getByText("Live").waitFor();
    await using client = await connect(server.url);
    const metadata = { userId: "alice", conversationId: "talk", priority: "high", source: "shop", lang: "it" };
    client.send({ id: "first", query: "What is iExec?", timestamp: 1, metadata });
    const event = page.locator(".event").last();
    await stateOf(event, "Answering");
    await unfold(event);
    await event.getByRole("button", { name: /^Ask again/ }).click();
    const [, , again] = await agent.received(3) as { id: string; query: string; metadata: object }[];
    assert(again);
    assertEquals([again.query, again.metadata], ["What is iExec?", metadata]);
    assert(again.id !== "first");

    await event.getByRole("button", { name: /^Edit and ask/ }).click();
    const question = page.getByLabel("Question");
    // The page asks for the whole question first, which may have been too long to be shown.
    await question.and(page.locator(":focus")).waitFor();
    assertEquals(await question.inputValue(), "What is iExec?");
    assertEquals(await page.getByLabel("User").inputValue(), "alice");
    assertEquals(await page.getByLabel("Priority").inputValue(), "high");
    await question.fill("What is RLC?");
    await question.press("Control+Enter");
    const [, , , edited] = await agent.received(4) as { query: string; metadata: object }[];
    assertEquals([edited?.query, edited?.metadata], ["What is RLC?", metadata]);

    const large = { ...metadata, notes: "n".repeat(20_000) };
    client.send({ id: "large", query: "And large?", timestamp: 1, metadata: large });
    await unfold(eventOf(page, "And large?"));
    await eventOf(page, "And large?").getByRole("button", { name: /^Ask again/ }).click();
    const [, , , , , largeAgain] = await agent.received(6) as { query: string; metadata: object }[];
    assertEquals([largeAgain?.query, largeAgain?.metadata], ["And large?", large]);
  },
);

const MARKDOWN = `# A heading

This is **bold**, *slanted*, \`code\`, a [link](https://docs.iex.ec), https://iex.ec and a [run](javascript:alert(1)).

1. first
2. second

| a | b |
| --- | --- |
| 1 | 2 |

> quoted

\`\`\`js
if (a < b) alert("<b>")
\`\`\`

![pixel](https://evil.example/p.png)

<img src="/trap" onerror="document.title='caught'"><script>document.title='caught'</script>
`;

testInBrowser("how an answer was made is told in words, and what nobody knows as it was told", async ({ open }) => {
  await using server = await startServer({ events: [] });
  await using all = await connectAgents(server, 1);
  const [agent] = all.agents as [Client];
  const page = await open(pageUrl(server));
  await ask(page, "Who are you?");
  const account = {
    model: "qwen2.5:7b",
    provider: "ollama",
    ms: 2_140,
    tokensIn: 1_812,
    tokensOut: "many",
    mood: "good",
  };
  agent.send(response(await eventId(agent), "An intern.", account));
  const event = eventOf(page, "Who are you?");
  await stateOf(event, "Answered");
  await unfold(event);
  const factOf = (name: string) => event.locator(".facts div", { hasText: name }).locator("dd").first().innerText();
  assertEquals(await factOf("Model"), "qwen2.5:7b (ollama)");
  assertEquals(await factOf("Model took"), "2.1\u00a0s");
  assertEquals(await factOf("Tokens read"), "1,812");
  assertEquals(await factOf("Tokens written"), "many");
  assertEquals(await factOf("Told with the answer"), '{"mood":"good"}');
});

/** The page in a real browser: asking, answers, replays, malformed frames. @module */

import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { startAgent } from "../../support/agent.ts";
import { browserTests } from "../../support/browser.ts";
import { connect } from "../../support/client.ts";
import { ask, connectTo, eventOf, pageUrl, stateOf, unfold } from "../../support/page.ts";
import { LOCALHOST_CERTIFICATE } from "../../support/localhost_certificate.ts";
import { startServer } from "../../support/server.ts";

const testInBrowser = browserTests();

testInBrowser(
  "a question is answered by a real agent, and shown with its agent, time and raw frames",
  async ({ open, keep }) => {
    await using server = await startServer({ events: [] });
    await using _agent = await startAgent({ env: connectTo(server.url) });
    const page = await open(pageUrl(server));
    await page.locator(".agent").waitFor();
    await page.getByLabel("Question").fill("What is iExec?");
    await page.getByLabel("User").fill("alice");
    await page.getByLabel("Conversation").fill("talk-7");
    await page.getByLabel("Priority").selectOption("high");
    await page.getByText("More metadata").click();
    await page.getByLabel("Metadata, a JSON object").fill('{ "channel": { "name": "web" } }');
    await page.getByRole("button", { name: "Ask", exact: true }).click();
    const event = eventOf(page, "What is iExec?");
    await stateOf(event, "Answered");

    const [response] = await server.responses(1);
    assert(response);
    assertEquals(await event.locator(".event-answer").innerText(), response.response);
    await unfold(event);
    const text = (await event.innerText()).replaceAll("\u00a0", " ");
    for (
      const part of [
        response.agentId.slice(0, 8),
        "alice",
        "talk-7",
        "high",
        '"channel":{"name":"web"}',
        response.queryId,
      ]
    ) {
      assertStringIncludes(text, part);
    }
    assertMatch(await event.locator(".took").innerText(), /^[\d.]+\s(ms|s)$/);
    await event.locator(".frame-list pre").nth(2).waitFor(); // the ack comes behind the response
    const frames = (await event.locator(".frame-list pre").allInnerTexts()).map((frame) => JSON.parse(frame));
    assertEquals(frames.map(({ type }) => type), [undefined, "response", "ack"]);
    assertEquals(frames[0].metadata, {
      source: "page",
      stream: true,
      channel: { name: "web" },
      userId: "alice",
      conversationId: "talk-7",
      priority: "high",
    });
    assertEquals(frames[1], response);

    const agent = page.locator(".agent");
    assertStringIncludes(await agent.innerText(), response.agentId);
    assertMatch(await agent.innerText(), /1 answered, last in [\d.]+\s(ms|s), median [\d.]+\s(ms|s)/);
    assertMatch(await agent.innerText(), /idle/);
    await page.locator("#announcer").getByText(`Answered: ${response.response.slice(0, 40)}`).waitFor({
      state: "attached",
    });
    await keep(page, "answered");
  },
);

testInBrowser("a replayed event gets the stored answer, to the letter", async ({ open, keep }) => {
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: connectTo(server.url) });
  const page = await open(pageUrl(server));
  await ask(page, "What is a workerpool?");
  const event = eventOf(page, "What is a workerpool?");
  await stateOf(event, "Answered");
  await unfold(event);
  for (const times of ["once", "2 times"]) {
    await event.getByRole("button", { name: "Replay" }).click();
    await event.getByText(`Replayed ${times}: the stored answer came back, the same frame to the letter.`).waitFor();
  }
  await page.locator("#filter label").filter({ hasText: /^Answered 1$/ }).waitFor(); // it is one event, all the same
  const responses = await server.responses(3);
  assertEquals(responses.map((response) => response), Array(3).fill(responses[0]));
  assertEquals((await agent.responses(1)).length, 1);
  await keep(page, "replayed");
});

for (
  const [kind, complaint] of [
    ["No query", "query: missing"],
    ["A timestamp that is a text", "timestamp: expected number, received string"],
    ["Metadata a hundred levels deep", "nested more than 64 levels deep"],
  ] as const
) {
  testInBrowser(
    `malformed, ${kind.toLowerCase()}: the agent's complaint is shown, and nothing else happens`,
    async ({ open, keep }) => {
      await using server = await startServer({ events: [] });
      await using agent = await startAgent({ env: connectTo(server.url) });
      const page = await open(pageUrl(server));
      await page.locator(".agent").waitFor();
      await page.getByText("Send a malformed event").click();
      await page.getByLabel("What is wrong with it").selectOption(kind);
      const frame = await page.getByLabel("Frame, sent as it stands here").inputValue();
      await page.getByRole("button", { name: "Send to an agent" }).click();
      await page.locator("#stray pre").getByText(complaint).waitFor();
      const shown = await page.locator("#stray pre").allInnerTexts();
      assertEquals(JSON.parse(shown[1] ?? ""), JSON.parse(frame));
      assertEquals(JSON.parse(shown[0] ?? "").status, "error");
      assertEquals(await page.locator(".event").count(), 0);
      await ask(page, "Still there?");
      await stateOf(eventOf(page, "Still there?"), "Declined");
      assertEquals((await agent.responses(1)).length, 1);
      await keep(page, `malformed: ${kind}`);
    },
  );
}

testInBrowser("any text can be sent as a frame, and an agent survives each kind that is on offer", async ({ open }) => {
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: connectTo(server.url) });
  const page = await open(pageUrl(server));
  await page.locator(".agent").waitFor();
  await page.getByText("Send a malformed event").click();
  const box = page.getByLabel("Frame, sent as it stands here");
  const send = page.getByRole("button", { name: "Send to an agent" });
  const kinds = await page.getByLabel("What is wrong with it").locator("option").allInnerTexts();
  assert(kinds.length >= 10);
  for (const kind of kinds) {
    await page.getByLabel("What is wrong with it").selectOption(kind);
    await send.click();
    await shownAs(page, await box.inputValue());
  }
  await box.fill("<b>not</b> even");
  await send.click();
  await page.locator("#stray pre").getByText("<b>not</b> even", { exact: true }).waitFor();
  await ask(page, "Still there?");
  await stateOf(eventOf(page, "Still there?"), "Declined");
  assertEquals((await agent.responses(1)).length, 1);
});

testInBrowser("a mistake in a question is told at its field, and nothing is sent", async ({ open, keep }) => {
  await using server = await startServer({ events: [] });
  const page = await open(pageUrl(server));
  await page.getByText("Live").waitFor();
  const question = page.getByLabel("Question");
  const metadata = page.getByLabel("Metadata, a JSON object");
  await page.getByText("More metadata").click();
  for (
    const [query, text, field, complaint] of [
      ["", "", question, "Write a question first."],
      ["  \n ", "", question, "Write a question first."],
      ["What?", "{ source: 1 }", metadata, "This is not JSON: "],
      ["What?", "[1, 2]", metadata, "Metadata is a JSON object"],
      ["What?", "null", metadata, "Metadata is a JSON object"],
    ] as const
  ) {
    await question.fill(query);
    await metadata.fill(text);
    await question.press("Control+Enter");
    const error = page.locator(`#${await field.getAttribute("id")}-error`);
    await error.getByText(complaint).waitFor();
    assertEquals(await field.getAttribute("aria-invalid"), "true");
    assert(await field.and(page.locator(":focus")).count() === 1);
    assertEquals(await page.locator(".error:visible").count(), 1);
  }
  await keep(page, "wrong metadata");
  await metadata.fill("");
  await question.press("Control+Enter");
  await stateOf(eventOf(page, "What?"), "Waiting"); // the first that was sent: there is no agent
  assertEquals(await page.locator(".error:visible").count(), 0);
  assertEquals(await page.locator(".event").count(), 1);
});

testInBrowser(
  "events wait for an agent, the page says how to start one, and that agent answers them",
  async ({ open }) => {
    await using server = await startServer({ events: [] });
    const page = await open(pageUrl(server));
    await ask(page, "Is anybody there?");
    const event = eventOf(page, "Is anybody there?");
    await stateOf(event, "Waiting");
    const command = await page.locator("#start-command").innerText();
    // The address is the one that the page was reached at: here that of a relay before the server.
    assertEquals(command, `USE_WEBSOCKET=true WEBSOCKET_URL=${server.url} deno task start`);
    await using _agent = await startAgent({ env: connectTo(server.url) });
    await stateOf(event, "Declined");
    assert(await page.locator("#no-agents").isHidden());
  },
);

testInBrowser("texts of clients and agents are shown as text, never as HTML", async ({ open, keep }) => {
  await using server = await startServer({ events: [] });
  const trap = `<img src="/trap" onerror="document.title='caught'"><script>document.title='caught'</script>`;
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: "550e8400-e29b-41d4-a716-446655440000" });
  await agent.received(1);
  const page = await open(pageUrl(server));
  const title = await page.title();
  await using client = await connect(server.url);
  client.send({ id: trap, query: trap, timestamp: 1, metadata: { userId: trap, conversationId: trap, [trap]: trap } });
  await agent.received(2);
  agent.send({
    type: "response",
    queryId: trap,
    response: trap,
    timestamp: 1,
    agentId: "550e8400-e29b-41d4-a716-446655440000",
  });
  const event = eventOf(page, trap);
  await stateOf(event, "Answered");
  assertEquals(await event.locator(".event-answer").innerText(), trap);
  client.send({ id: "q2", query: "And wrong?", timestamp: 1 });
  await agent.received(3);
  agent.send({ type: "ack", eventId: "q2", status: "error", error: trap, timestamp: 1 });
  await stateOf(eventOf(page, "And wrong?"), "Failed");
  assertMatch(await eventOf(page, "And wrong?").locator(".took").innerText(), /^[\d.]+\s(ms|s)$/);
  for (const summary of await page.locator(".event-details summary").all()) await summary.click();
  await page.getByText("Send a malformed event").click();
  assertEquals(await page.locator("main img, main script, main b").count(), 0);
  assertEquals(await page.title(), title);
  await keep(page, "text");
});

testInBrowser("over TLS the page's own connection is over TLS, too", async ({ open }) => {
  await using server = await startServer({ events: [], tls: LOCALHOST_CERTIFICATE });
  const page = await open(pageUrl(server), { ignoreHTTPSErrors: true }); // the authority is the tests' own
  assertMatch(page.url(), /^https:/);
  await ask(page, "Is this private?");
  await stateOf(eventOf(page, "Is this private?"), "Waiting");
});

testInBrowser("a refusal of the server is told below the button", async ({ open }) => {
  await using server = await startServer({ events: [], limits: { unanswered: 1, frameBytes: 2_000 } });
  const page = await open(pageUrl(server));
  await ask(page, "The first?");
  const asked = page.locator("#ask-result");
  await page.getByLabel("Question").fill("The second?");
  await page.keyboard.press("Control+Enter");
  await asked.getByText("Refused: the limit of 1 unanswered events is reached").waitFor();
  const [red, black] = await page.evaluate<string[]>(
    "['#ask-result', '#query'].map((found) => getComputedStyle(document.querySelector(found)).color)",
  );
  assertNotEquals(red, black);
  await page.getByLabel("Question").fill("?".repeat(2_000));
  await page.keyboard.press("Control+Enter");
  await asked.getByText("Refused: the server takes 2,000 bytes at most").waitFor();
  await page.getByText("Send a malformed event").click();
  await page.getByRole("button", { name: "Send to an agent" }).click();
  await page.locator("#malformed-result").getByText("Refused: no agent is connected").waitFor();
  await page.getByText("Live").waitFor(); // a frame that is too large would have ended the connection
  assertEquals(await page.locator(".event").count(), 1);
});

/** Resolves when a frame is shown with these characters, whatever blanks are between them. */
async function shownAs(page: Page, frame: string): Promise<void> {
  const characters = Array.from(frame.replaceAll(/\s/g, ""), (character) => RegExp.escape(character));
  await page.locator("#stray pre").filter({ hasText: new RegExp(`^\\s*${characters.join("\\s*")}\\s*$`) }).first()
    .waitFor();
}

/** From a model's server through a real agent to the page and to server-sent events: an answer as it is written. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { startAgent } from "../../support/agent.ts";
import { browserTests } from "../../support/browser.ts";
import { startModelServer } from "../../support/model_server.ts";
import { ask, connectTo, eventOf, pageUrl, stateOf } from "../../support/page.ts";
import { startServer } from "../../support/server.ts";

const testInBrowser = browserTests();

testInBrowser(
  "a real agent's answer grows on the page while its model writes it, and a retry begins anew",
  async ({ open, keep }) => {
    await using model = await startModelServer("openai");
    await using server = await startServer({ events: [] });
    const settings = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
    await using _agent = await startAgent({ env: connectTo(server.url, { ...settings, MODEL_TIMEOUT: "3000" }) });
    const page = await open(pageUrl(server));
    await page.locator(".agent").waitFor();
    model.script({ stallAfter: "Once upon a **time" }, { text: "There was a *king*." });
    await ask(page, "Tell me a story");
    const event = eventOf(page, "Tell me a story");
    const answer = event.locator(".event-answer");
    await answer.getByText("Once upon").waitFor(); // the model is silent from here on, until the agent gives it up
    await keep(page, "a real answer grows");
    await stateOf(event, "Answered");
    assertEquals(await answer.innerText(), "There was a king.");
    assertEquals(await answer.locator("em").innerText(), "king");
  },
);

Deno.test("a real agent's answer is streamed over REST while its model writes it", async () => {
  await using model = await startModelServer("ollama");
  await using server = await startServer({ events: [] });
  const settings = { MODEL_PROVIDER: "ollama", OLLAMA_SERVER_URL: model.url, OLLAMA_MODEL: "test-model" };
  await using _agent = await startAgent({ env: connectTo(server.url, settings) });
  await server.authenticated(1);
  model.script("held");
  const http = server.url.replace("ws", "http");
  const asked = await fetch(`${http}/api/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id: "q", query: "what?", metadata: { stream: true } }),
  });
  await asked.body?.cancel();
  const followed = await fetch(`${http}/api/events/q/stream`);
  await model.askedFor(1);
  model.releaseInto({ text: "It grows, piece by piece, until it is whole.", everyMs: 30 });
  const stream = await followed.text();
  const deltas = Array.from(
    stream.matchAll(/^event: chunk\nid: \d+\ndata: (.*)$/gm),
    ([, data]) => JSON.parse(data!).delta,
  );
  assertEquals(deltas.join(""), "It grows, piece by piece, until it is whole.");
  assertEquals(deltas.length > 2, true, `${deltas.length} chunks`);
  assertMatch(
    stream,
    /\nevent: response\nid: end\ndata: \{"success":true,"eventId":"q","state":"answered","response":"It grows, /,
  );
});

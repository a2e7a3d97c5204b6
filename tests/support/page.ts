/** The page as its user finds things on it. @module */

import type { Locator, Page } from "playwright-core";
import type { ServerUnderTest } from "./server.ts";

/** Where the page of a server is. */
export function pageUrl({ url }: ServerUnderTest): string {
  return url.replace(/^ws/, "http");
}

/** Settings for an agent that connects to `url`, and again soon when it was cut off. */
export function connectTo(url: string, more: Record<string, string> = {}): Record<string, string> {
  return { USE_WEBSOCKET: "true", WEBSOCKET_URL: url, WEBSOCKET_RECONNECT_INTERVAL: "20", ...more };
}

/** Ask with the form, as it stands; resolves when the server has taken the question. */
export async function ask(page: Page, query: string): Promise<void> {
  await page.getByText("Live").waitFor();
  await page.getByLabel("Question").fill(query);
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await page.locator("#ask-result").getByText("Asked.").waitFor();
}

/** The event with this question. */
export function eventOf(page: Page, query: string): Locator {
  return page.locator(".event").filter({ has: page.getByRole("heading", { name: query, exact: true }) });
}

/** Unfold what is known of the event: facts, buttons, raw frames. */
export async function unfold(event: Locator): Promise<void> {
  await event.getByText("Details", { exact: true }).click();
  await event.locator(".facts dt").first().waitFor();
}

/** Resolves when the event is in this state. */
export async function stateOf(
  event: Locator,
  state: "Waiting" | "Answering" | "Answered" | "Declined" | "Failed",
): Promise<void> {
  await event.locator(".state").getByText(state, { exact: true }).waitFor();
}

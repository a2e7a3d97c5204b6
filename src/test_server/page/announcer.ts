/** New answers, told to screen readers: one sentence at a time, however many there are. @module */

import type { FeedEvent } from "../feed.ts";
import { byId } from "./elements.ts";
import type { FeedState } from "./feed_state.ts";
import { counted, cut } from "./format.ts";

/** Between two sentences: a reader that is interrupted all the time says nothing. */
const PAUSE_MS = 4_000;
/** Longest part of an answer that is told, in characters. */
const TOLD_LENGTH = 300;

/** Tell the new answers of a state; call again when it has changed. Events settled before the page connected are not new. */
export function createAnnouncer(): (state: FeedState) => void {
  const region = byId("announcer", HTMLElement);
  let settled: ReadonlySet<string> | undefined;
  let news: FeedEvent[] = [];
  let isPausing = false;

  function tell(): void {
    isPausing = news.length > 0;
    if (!isPausing) return;
    region.textContent = sentence(news);
    news = [];
    setTimeout(tell, PAUSE_MS);
  }

  return ({ events, connectedMs }) => {
    const nowSettled = new Set<string>();
    for (const event of events.values()) {
      if (event.state !== "answered" && event.state !== "failed") continue;
      nowSettled.add(event.key);
      const isNew = event.askedMs + (event.tookMs ?? 0) >= connectedMs || event.replays > 0;
      if (settled && !settled.has(event.key) && isNew) news.push(event);
    }
    settled = nowSettled;
    if (!isPausing) tell();
  };
}

function sentence(news: readonly FeedEvent[]): string {
  const [first] = news;
  if (news.length === 1 && first) {
    return first.state === "failed"
      ? `Failed: ${cut(first.event.query, TOLD_LENGTH)}`
      : `Answered: ${cut(first.answers.find(({ state }) => state === "answered")?.text ?? "", TOLD_LENGTH)}`;
  }
  const failed = news.filter(({ state }) => state === "failed").length;
  return `${counted(news.length - failed, "event")} answered${failed > 0 ? `, ${failed} failed` : ""}.`;
}

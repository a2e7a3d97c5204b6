/** One event: where it stands, what was asked and answered, and how it went over the wire. @module */

import type { FeedEvent, FeedFrame } from "../feed.ts";
import { element, setText } from "./elements.ts";
import { counted, cut, duration, shortId } from "./format.ts";
import { createFrameList } from "./frame_list.ts";

export interface EventRow {
  readonly root: HTMLLIElement;
  /** Show what is known of the event now. `nowMs`: by the server's clock; texts of `shownLength` may have been cut. */
  show(event: FeedEvent, context: { nowMs: number; shownLength: number }): void;
  /** Whether the user is at it: it has the focus, or is unfolded. */
  isInUse(): boolean;
}

/** What the row's button does. Resolves to what went wrong, if something did. */
export type Replay = (key: string) => Promise<string | undefined>;

const ASKED_BY = { sample: "a sample", client: "a client", rest: "REST", page: "a page", load: "the load" };
const STATE_NAMES = { waiting: "Waiting", answering: "Answering", answered: "Answered", failed: "Failed" };

export function createEventRow(key: string, replay: Replay): EventRow {
  const state = element("span", { class: "state" });
  const took = element("span", { class: "took" });
  const query = element("h3", { class: "event-query" });
  const answer = element("p", { class: "event-answer" });
  const facts = element("dl", { class: "facts" });
  const replays = element("p", { class: "hint" });
  const button = element("button", { type: "button", class: "small", hidden: "" }, "Replay");
  const framesTitle = element("span");
  const frames = createFrameList();
  const details = element("details", { class: "frames" }, element("summary", {}, framesTitle), frames.root);
  const result = element("p", { class: "result", role: "status" });
  const root = element(
    "li",
    { class: "event" },
    state,
    took,
    query,
    answer,
    facts,
    replays,
    element("div", { class: "line" }, button, details),
    result,
  );
  let shown: FeedEvent | undefined;

  button.addEventListener("click", async () => {
    setText(result, "");
    setText(result, await replay(key) ?? "");
  });
  details.addEventListener("toggle", showFrames);

  function showFrames(): void {
    if (details.open && shown) frames.show(shown.frames);
  }

  return {
    root,
    isInUse: () => details.open || root.contains(document.activeElement),
    show(event, { nowMs, shownLength }) {
      const whole = (text: string) => text.length < shownLength ? text : `${text}…`;
      setText(took, tookText(event, nowMs));
      if (event === shown) return;
      shown = event;
      root.dataset.key = key;
      state.dataset.state = event.state;
      setText(state, STATE_NAMES[event.state]);
      setText(query, whole(event.event.query));
      answer.hidden = event.answer === undefined && event.error === undefined;
      answer.toggleAttribute("data-failed", event.error !== undefined);
      setText(answer, event.error ?? whole(event.answer?.response ?? ""));
      facts.replaceChildren(
        ...factsOf(event).map(([name, value, kind]) =>
          element("div", {}, element("dt", {}, name), element("dd", kind ? { class: kind } : {}, value))
        ),
      );
      replays.hidden = event.replays === 0;
      setText(replays, replaysText(event));
      // Once there is an answer to replay, the button stays: it would take the focus along.
      if (event.state === "answered" || event.state === "failed") button.hidden = false;
      button.setAttribute("aria-label", `Replay “${cut(event.event.query, 60)}”`);
      setText(framesTitle, counted(event.frames.length, "raw frame"));
      showFrames();
    },
  };
}

function tookText({ tookMs, askedMs }: FeedEvent, nowMs: number): string {
  if (tookMs !== undefined) return duration(tookMs);
  return `${counted(Math.max(0, Math.floor((nowMs - askedMs) / 1_000)), "second")} so far`;
}

/** Name, value and, for an id, its kind. */
function factsOf({ event, askedBy, askedMs, sentTo, answer }: FeedEvent): [string, string, "id"?][] {
  const { userId, conversationId, priority, ...others } = event.metadata ?? {};
  const agents = sentTo
    .filter(({ connection }, index) => connection !== sentTo[index - 1]?.connection) // a replay to the same one
    .map(({ connection, agentId }) => `#${connection} ${shortId(agentId)}`);
  const facts: [string, unknown, "id"?][] = [
    [agents.length > 1 ? "Agents" : "Agent", agents.join(" → ")],
    ["User", userId],
    ["Conversation", conversationId],
    ["Priority", priority],
    ["Drawn from", answer?.metadata?.sources?.join(", ")],
    ["Asked by", `${ASKED_BY[askedBy]}, ${new Date(askedMs).toLocaleTimeString()}`],
    ["Metadata", Object.keys(others).length > 0 ? others : undefined, "id"],
    ["Id", event.id, "id"],
  ];
  return facts
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value, ...kind]) => [name, typeof value === "string" ? value : JSON.stringify(value), ...kind]);
}

/** Whether a replay brought the stored answer: then the very same frame came once more, with the time of the first. */
function replaysText({ state, replays, frames }: FeedEvent): string {
  const times = replays === 1 ? "once" : `${replays} times`;
  const responses = frames.filter(isResponse);
  const last = responses.at(-1);
  const earlier = responses.slice(0, -1).findLast(({ agentId }) => agentId === last?.agentId);
  if (state !== "answered" || !last || !earlier) return `Replayed ${times}.`;
  return last.text === earlier.text && last.length === earlier.length
    ? `Replayed ${times}: the stored answer came back, the same frame to the letter.`
    : `Replayed ${times}: another answer came back.`;
}

function isResponse({ direction, text }: FeedFrame): boolean {
  return direction === "from_agent" && /^\s*\{\s*"type"\s*:\s*"response"/.test(text);
}

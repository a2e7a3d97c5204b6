/** The facts of an event, in words. @module */

import type { FeedEvent, FeedFrame } from "../feed.ts";
import { element } from "./elements.ts";
import { agentName, counted, duration } from "./format.ts";

/** How an event stands. Of those answered, the ones to which the agent does not know the answer are told apart. */
export type ShownState = FeedEvent["state"] | "declined";

const ASKED_BY = { sample: "a sample", client: "a client", rest: "REST", page: "a page", load: "the load" };

/** What {@linkcode modelFacts} shows. */
const MODEL_FIELDS = ["model", "provider", "tokensIn", "tokensOut", "ms"];

/** How an event stands. */
export function stateOf({ state, answers, answeredBy }: FeedEvent): ShownState {
  const counting = answers.find(({ connection }) => connection === answeredBy);
  return state === "answered" && counting?.metadata?.declined === true ? "declined" : state;
}

/** How long it took or, while it is open, how long it has been waiting. `nowMs`: by the server's clock. */
export function tookText({ tookMs, askedMs }: FeedEvent, nowMs: number): string {
  if (tookMs !== undefined) return duration(tookMs);
  return `${counted(Math.max(0, Math.floor((nowMs - askedMs) / 1_000)), "second")} so far`;
}

/** A list of all facts. */
export function factItems(event: FeedEvent): HTMLElement[] {
  return factsOf(event).map(([name, value, kind]) =>
    element("div", {}, element("dt", {}, name), element("dd", kind ? { class: kind } : {}, value))
  );
}

/** Name, value and, for an id, its kind. */
function factsOf({ event, askedBy, askedMs, sentTo, answers, answeredBy }: FeedEvent): [string, string, "id"?][] {
  const { userId, conversationId, priority, ...others } = event.metadata ?? {};
  const answer = answers.find(({ connection }) => connection === answeredBy);
  const { sources, declined: _, cutOff: __, ...told } = answer?.metadata ?? {};
  const rest = Object.fromEntries(Object.entries(told).filter(([name]) => !MODEL_FIELDS.includes(name)));
  const agents = sentTo
    .filter(({ connection }, index) => connection !== sentTo[index - 1]?.connection) // a replay to the same one
    .map(agentName);
  const facts: [string, unknown, "id"?][] = [
    [agents.length > 1 ? "Agents" : "Agent", agents.join(" → ")],
    ["User", userId],
    ["Conversation", conversationId],
    ["Priority", priority],
    ["Drawn from", sources?.join(", ")],
    ...modelFacts(told),
    ["Asked by", `${ASKED_BY[askedBy]}, ${new Date(askedMs).toLocaleTimeString()}`],
    ["Metadata", Object.keys(others).length > 0 ? others : undefined, "id"],
    ["Told with the answer", Object.keys(rest).length > 0 ? rest : undefined, "id"],
    ["Id", event.id, "id"],
  ];
  return facts
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value, ...kind]) => [name, typeof value === "string" ? value : JSON.stringify(value), ...kind]);
}

/** What the agent told of how the answer was made. What is not of the expected kind is shown as it was told. */
function modelFacts(told: Readonly<Record<string, unknown>>): [string, unknown][] {
  const { model, provider, tokensIn, tokensOut, ms } = told;
  const numberText = (value: unknown) => typeof value === "number" ? value.toLocaleString("en") : value;
  return [
    ["Model", typeof model === "string" && typeof provider === "string" ? `${model} (${provider})` : model],
    ["Model took", typeof ms === "number" ? duration(ms) : ms],
    ["Tokens read", numberText(tokensIn)],
    ["Tokens written", numberText(tokensOut)],
  ];
}

/** Whether a replay brought the stored answer: then the very same frame came once more, with the time of the first. */
export function replaysText({ state, replays, frames }: FeedEvent): string {
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

/** Everything that a search looks at, in lower case. */
export function searchedText({ event, answers, error, sentTo }: FeedEvent): string {
  const { id, query, metadata } = event;
  const texts = [id, query, error ?? "", JSON.stringify(metadata ?? {}), ...answers.map(({ text }) => text)];
  return [...texts, ...sentTo.map(agentName)].join("\n").toLowerCase();
}

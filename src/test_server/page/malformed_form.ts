/** Frames that no server should send, to see what an agent makes of them. @module */

import { byId, element, setText } from "./elements.ts";
import type { Reply, Request } from "./feed_link.ts";
import type { FeedState } from "./feed_state.ts";
import { createFrameList } from "./frame_list.ts";
import { showReply } from "./reply.ts";

/** `id` makes each one new to the agent. */
const KINDS: readonly (readonly [string, (id: string) => string])[] = [
  ["No query", (id) => JSON.stringify({ id, timestamp: Date.now() })],
  ["An empty query", (id) => JSON.stringify({ id, query: "", timestamp: Date.now() })],
  ["A query that is a number", (id) => JSON.stringify({ id, query: 42, timestamp: Date.now() })],
  ["No id", () => JSON.stringify({ query: "Who am I?", timestamp: Date.now() })],
  ["No timestamp", (id) => JSON.stringify({ id, query: "When is it?" })],
  ["A timestamp that is a text", (id) => JSON.stringify({ id, query: "When?", timestamp: new Date().toISOString() })],
  ["Metadata that is a list", (id) => JSON.stringify({ id, query: "Who?", timestamp: Date.now(), metadata: [1, 2] })],
  ["Metadata a hundred levels deep", (id) => {
    const metadata = `${'{"in":'.repeat(100)}1${"}".repeat(100)}`;
    return `{"id":${JSON.stringify(id)},"query":"How deep?","timestamp":${Date.now()},"metadata":${metadata}}`;
  }],
  ["A type that nobody knows", () => JSON.stringify({ type: "weather", query: "Rain?", timestamp: Date.now() })],
  ["Half an event", (id) => `{"id":${JSON.stringify(id)},"query":"Where does this e`],
  ["Not JSON", () => "What is iExec?"],
];

/** Make the form send by `request`. @returns A function that shows the frames of a state; call it again when they have changed. */
export function createMalformedForm(request: (command: Request) => Promise<Reply>): (state: FeedState) => void {
  const form = byId("malformed", HTMLFormElement);
  const kind = byId("malformed-kind", HTMLSelectElement);
  const frame = byId("malformed-frame", HTMLTextAreaElement);
  const result = byId("malformed-result", HTMLElement);
  const stray = byId("stray", HTMLElement);
  const frames = createFrameList();
  let shown: FeedState["strayFrames"] | undefined;

  kind.append(...KINDS.map(([name], index) => element("option", { value: String(index) }, name)));
  const fill = () => frame.value = KINDS[Number(kind.value)]?.[1](`malformed-${Date.now().toString(36)}`) ?? "";
  kind.addEventListener("change", fill);
  fill();
  stray.append(frames.root);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    setText(result, "");
    const reply = await request({ type: "send_raw", text: frame.value });
    showReply(result, reply, "Sent. The agent's reply is below; there is none if the frame has no id.");
  });

  return ({ strayFrames }) => {
    if (strayFrames === shown) return;
    shown = strayFrames;
    stray.hidden = strayFrames.length === 0;
    frames.show(strayFrames.toReversed());
  };
}

/** The box to ask in: what is wrong is told beside the field, what the server says below the button. @module */

import type { FeedReply } from "../feed.ts";
import { byId, element, setText } from "./elements.ts";
import type { Request } from "./feed_link.ts";
import { showReply } from "./reply.ts";

type Metadata = Readonly<Record<string, unknown>>;
type Parsed = { readonly metadata: Metadata } | { readonly wrong: string };

/** Make the form ask by `request`. */
export function createAskForm(request: (command: Request) => Promise<FeedReply>): void {
  const form = byId("ask", HTMLFormElement);
  const query = byId("query", HTMLTextAreaElement);
  const metadata = byId("metadata", HTMLTextAreaElement);
  const user = byId("user", HTMLInputElement);
  const conversation = byId("conversation", HTMLInputElement);
  const priority = byId("priority", HTMLSelectElement);
  const result = byId("ask-result", HTMLElement);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    setText(result, "");
    const parsed = parseMetadata(metadata.value);
    complain(metadata, "wrong" in parsed ? parsed.wrong : "");
    complain(query, query.value.trim() === "" ? "Write a question first." : "");
    const wrong = [query, metadata].find((field) => field.ariaInvalid === "true");
    if (wrong || "wrong" in parsed) {
      wrong?.focus();
      return;
    }
    const reply = await request({
      type: "ask",
      query: query.value,
      ...user.value && { userId: user.value },
      ...conversation.value && { conversationId: conversation.value },
      ...priority.value && { priority: priority.value },
      metadata: parsed.metadata,
    });
    showReply(result, reply, "Asked. ");
    // To ask anew by typing, or the same once more. Who pressed the button keeps the focus there.
    if (reply.type === "done" && document.activeElement === query) query.select();
    // On a phone the events are below, out of sight.
    if (reply.type === "done") result.append(element("a", { href: "#events" }, "Show the events"));
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

/** The object that the text is the JSON of; none at all for a blank text. */
function parseMetadata(text: string): Parsed {
  if (text.trim() === "") return { metadata: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { wrong: `This is not JSON: ${error instanceof Error ? error.message : error}` };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { wrong: 'Metadata is a JSON object, like { "source": "page" }.' };
  }
  return { metadata: value as Metadata }; // an object that JSON made, checked above
}

/** Say below the field what is wrong with it; nothing if nothing is. */
function complain(field: HTMLTextAreaElement, wrong: string): void {
  const error = byId(`${field.id}-error`, HTMLElement);
  setText(error, wrong);
  error.hidden = wrong === "";
  field.ariaInvalid = String(wrong !== "");
  if (wrong) field.closest("details")?.setAttribute("open", "");
}

/** The form to ask with: mistakes are told beside their fields, the server's reply below the button. @module */

import { byId, setText } from "./elements.ts";
import type { Reply, Request } from "./feed_link.ts";
import { showReply } from "./reply.ts";

type Metadata = Readonly<Record<string, unknown>>;
type Parsed = { readonly metadata: Metadata } | { readonly wrong: string };

/** The form, as other parts of the page use it. */
export interface AskForm {
  /** Put a question into the form, and the focus behind it. */
  edit(question: { readonly query: string; readonly metadata: Metadata }): void;
}

/** Make the form ask by `request`. `onAsked`: the server has taken the question, under this key. */
export function createAskForm(
  request: (command: Request) => Promise<Reply>,
  onAsked: (key: string) => void,
): AskForm {
  const form = byId("ask", HTMLFormElement);
  const fields = findFields();
  const { query, metadata } = fields;
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
    const reply = await request(commandOf(fields, parsed.metadata));
    showReply(result, reply, "Asked.");
    if (reply.type !== "done") return;
    // To ask anew by typing, or the same once more. If the button was pressed, the focus stays there.
    if (document.activeElement === query) query.select();
    if (reply.key !== undefined) onAsked(reply.key);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });

  return {
    edit(question) {
      fill(fields, question);
      setText(result, "");
      form.scrollIntoView({ block: "nearest" });
      query.focus();
      query.setSelectionRange(query.value.length, query.value.length);
    },
  };
}

/** The form's fields. */
function findFields() {
  return {
    query: byId("query", HTMLTextAreaElement),
    user: byId("user", HTMLInputElement),
    conversation: byId("conversation", HTMLInputElement),
    priority: byId("priority", HTMLSelectElement),
    metadata: byId("metadata", HTMLTextAreaElement),
    stream: byId("stream", HTMLInputElement),
  };
}
type Fields = ReturnType<typeof findFields>;

function commandOf({ query, user, conversation, priority, stream }: Fields, metadata: Metadata): Request {
  return {
    type: "ask",
    query: query.value,
    ...user.value && { userId: user.value },
    ...conversation.value && { conversationId: conversation.value },
    ...priority.value && { priority: priority.value },
    metadata: { ...stream.checked && { stream: true }, ...metadata },
  };
}

function fill(fields: Fields, { query, metadata }: { query: string; metadata: Metadata }): void {
  const { userId, conversationId, priority, stream, source, ...others } = metadata;
  const isOnOffer = Array.from(fields.priority.options).some(({ value }) => value === priority);
  const rest = {
    ...source !== "page" && { source },
    ...!isOnOffer && priority !== undefined && { priority },
    ...others,
  };
  fields.query.value = query;
  fields.user.value = typeof userId === "string" ? userId : "";
  fields.conversation.value = typeof conversationId === "string" ? conversationId : "";
  fields.priority.value = isOnOffer ? String(priority) : "";
  fields.stream.checked = stream === true;
  fields.metadata.value = Object.keys(rest).length > 0 ? JSON.stringify(rest, null, 2) : "";
}

/** The object that the text is the JSON of; an empty one for a blank text. */
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

/** Show below the field that it is wrong, and why; an empty text: it is not. */
function complain(field: HTMLTextAreaElement, wrong: string): void {
  const error = byId(`${field.id}-error`, HTMLElement);
  setText(error, wrong);
  error.hidden = wrong === "";
  field.ariaInvalid = String(wrong !== "");
  if (wrong) field.closest("details")?.setAttribute("open", "");
}

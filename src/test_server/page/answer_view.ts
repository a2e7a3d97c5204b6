/** One agent's answer: as it grows, in full, declined, or failed. @module */

import type { FeedAnswer } from "../feed.ts";
import { createCopyButton } from "./copy_button.ts";
import { element, setText } from "./elements.ts";
import { createFold } from "./fold.ts";
import { agentName, duration } from "./format.ts";
import { renderMarkdown } from "./markdown.ts";

/** One answer on the page. */
export interface AnswerView {
  readonly root: HTMLElement;
  /** `isAlone`: there is no other one beside it, so that nobody has to be told whose it is. */
  show(answer: FeedAnswer, context: { isAlone: boolean; counts: boolean }): void;
}

/** Reads the whole of an answer that is shown cut. */
export type ReadWhole = (connection: number) => Promise<{ readonly text: string } | { readonly wrong: string }>;

/** An answer, to be shown. */
export function createAnswerView(readWhole: ReadWhole): AnswerView {
  const name = element("span", { class: "answer-name" });
  const note = element("span", { class: "hint" });
  const signature = element("span", { class: "signature" });
  const copyButton = createCopyButton(wholeText, { label: "Copy the answer" });
  const content = element("div", { class: "event-answer" });
  const fold = createFold(content, "answer", async () => {
    const read = shown ? await readWhole(shown.connection) : undefined;
    if (!read || "wrong" in read) return read?.wrong;
    whole = read.text;
    draw();
  });
  const head = element("p", { class: "answer-head" }, name, " ", note);
  const root = element("div", { class: "answer" }, head, fold.root, copyButton, signature);
  let shown: FeedAnswer | undefined;
  /** Once it has been read. */
  let whole: string | undefined;

  async function wholeText(): Promise<string> {
    if (!shown) return "";
    if (whole !== undefined || shown.text.length === shown.length) return whole ?? shown.text;
    const read = await readWhole(shown.connection);
    return "text" in read ? read.text : shown.text;
  }

  function draw(): void {
    if (!shown) return;
    const text = whole ?? shown.text;
    if (shown.state === "failed") content.replaceChildren(element("p", {}, text));
    else content.replaceChildren(...renderMarkdown(text));
    fold.setLength({ shown: text.length, whole: shown.length });
  }

  return {
    root,
    show(answer, { isAlone, counts }) {
      head.hidden = isAlone && answer.metadata?.cutOff !== true;
      setText(name, agentName(answer));
      setText(note, noteOf(answer, counts && !isAlone));
      signature.hidden = answer.signature === undefined;
      signature.dataset.state = answer.signature?.state ?? "";
      setText(signature, signatureText(answer));
      copyButton.hidden = answer.state === "growing";
      root.dataset.state = answer.metadata?.declined === true ? "declined" : answer.state;
      content.setAttribute("aria-busy", String(answer.state === "growing"));
      const isSame = shown?.text === answer.text && shown.length === answer.length && shown.state === answer.state;
      shown = answer;
      if (isSame) return;
      whole = undefined;
      draw();
    },
  };
}

function noteOf({ state, tookMs, restarts, metadata }: FeedAnswer, counts: boolean): string {
  const parts = [
    state === "growing" ? "answering" : state === "failed" ? "failed" : metadata?.declined ? "does not know" : "",
    tookMs === undefined ? "" : duration(tookMs),
    restarts > 0 ? `began anew ${restarts === 1 ? "once" : `${restarts} times`}` : "",
    metadata?.cutOff ? "cut off at the limit of tokens" : "",
    counts ? "first: this one counts" : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function signatureText({ signature }: FeedAnswer): string {
  switch (signature?.state) {
    case undefined:
      return "";
    case "holds":
      return "Signature holds: made in the enclave";
    case "foreign":
      return `Not by the key that its agent has proved: ${signature.text}`;
    case "unproved":
      return `Signature holds, but ${signature.text}`;
    case "unknown":
      return "Signed by a key that no agent has shown here";
    case "wrong":
      return `Signature wrong: ${signature.text}`;
    case "broken":
      return `Chain broken: ${signature.text}`;
    case "missing":
      return `Not signed: ${signature.text}`;
  }
}

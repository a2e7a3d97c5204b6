/** One event: its state, question and answers and, behind a fold, everything else that is known of it. @module */

import type { FeedEvent } from "../feed.ts";
import { type AnswerView, createAnswerView } from "./answer_view.ts";
import { createCopyButton } from "./copy_button.ts";
import { element, setText } from "./elements.ts";
import { factItems, replaysText, type ShownState, stateOf, tookText } from "./event_facts.ts";
import { createFold } from "./fold.ts";
import { counted, cut } from "./format.ts";
import { createFrameList } from "./frame_list.ts";

/** One event on the page. */
export interface EventRow {
  readonly root: HTMLLIElement;
  /** Show what is known of the event now. `nowMs`: by the server's clock. */
  show(event: FeedEvent, context: { nowMs: number }): void;
  /** Whether the user is busy with it: it has the focus, or is unfolded. */
  isInUse(): boolean;
}

/** The actions of a row's buttons. Each resolves to an error's text, or to nothing. */
export interface RowActions {
  replay(event: FeedEvent): Promise<string | undefined>;
  askAgain(event: FeedEvent): Promise<string | undefined>;
  edit(event: FeedEvent): Promise<string | undefined>;
  /** The whole query, with its metadata, or, of a connection, the whole answer. */
  read(key: string, connection?: number): Promise<
    { readonly text: string; readonly metadata?: FeedEvent["event"]["metadata"] } | { readonly wrong: string }
  >;
}

const STATE_NAMES: Record<ShownState, string> = {
  waiting: "Waiting",
  answering: "Answering",
  answered: "Answered",
  declined: "Declined",
  failed: "Failed",
};

/** A row for the event of this key. */
export function createEventRow(key: string, actions: RowActions): EventRow {
  const state = element("span", { class: "state" });
  const took = element("span", { class: "took" });
  const query = createQuery(key, actions);
  const answers = createAnswers(key, actions);
  const error = element("p", { class: "event-error" });
  const details = createDetails(actions);
  const root = element(
    "li",
    { class: "event", tabindex: "-1" },
    state,
    query.root,
    took,
    answers.root,
    error,
    details.root,
  );
  root.dataset.key = key;
  let shown: FeedEvent | undefined;

  return {
    root,
    isInUse: () => details.root.open || root.contains(document.activeElement),
    show(event, { nowMs }) {
      setText(took, tookText(event, nowMs));
      if (event === shown) return;
      shown = event;
      const shownState = stateOf(event);
      state.dataset.state = shownState;
      setText(state, STATE_NAMES[shownState]);
      query.show(event);
      answers.show(event);
      // An agent's error stands in the place of its answer.
      error.hidden = event.error === undefined || event.answers.some(({ state }) => state === "failed");
      setText(error, event.error ?? "");
      details.show(event);
    },
  };
}

function createQuery(key: string, { read }: RowActions): { root: HTMLElement; show(event: FeedEvent): void } {
  const heading = element("h3", { class: "event-query" });
  const fold = createFold(heading, "question", async () => {
    const whole = await read(key);
    if ("wrong" in whole) return whole.wrong;
    setText(heading, whole.text);
    fold.setLength({ shown: whole.text.length, whole: whole.text.length });
  });
  let isShown = false;
  return {
    root: fold.root,
    show({ event, queryLength }) {
      if (isShown) return; // it never changes
      isShown = true;
      setText(heading, event.query);
      fold.setLength({ shown: event.query.length, whole: queryLength });
    },
  };
}

/** One answer as it is, several side by side. */
function createAnswers(key: string, { read }: RowActions): { root: HTMLElement; show(event: FeedEvent): void } {
  const root = element("div", { class: "answers" });
  const views = new Map<number, AnswerView>();
  return {
    root,
    show({ answers, answeredBy }) {
      root.hidden = answers.length === 0;
      for (const [connection, view] of views) {
        if (answers.some((answer) => answer.connection === connection)) continue;
        view.root.remove();
        views.delete(connection);
      }
      const isAlone = answers.length === 1;
      root.toggleAttribute("data-several", !isAlone);
      for (const answer of answers) {
        const { connection } = answer;
        const view = views.get(connection) ?? createAnswerView((connection) => read(key, connection));
        if (!views.has(connection)) root.append(view.root);
        views.set(connection, view);
        view.show(answer, { isAlone, counts: connection === answeredBy });
      }
    },
  };
}

/** The fold with facts, buttons and raw frames. */
function createDetails(actions: RowActions): { root: HTMLDetailsElement; show(event: FeedEvent): void } {
  const facts = element("dl", { class: "facts" });
  const replays = element("p", { class: "hint" });
  const result = element("p", { class: "result", role: "status" });
  const frames = createFrameList();
  const framesTitle = element("h4");
  let shown: FeedEvent | undefined;
  const replay = button("Replay", actions.replay);
  const again = button("Ask again", actions.askAgain);
  const edit = button("Edit and ask", actions.edit);
  const copyId = createCopyButton(() => shown?.event.id ?? "", { label: "Copy id of this event", text: "Copy id" });
  const summary = element("summary", {}, "Details");
  const buttons = element("div", { class: "line" }, replay, again, edit, copyId);
  const root = element(
    "details",
    { class: "event-details" },
    summary,
    element("div", { class: "event-more" }, facts, replays, buttons, result, framesTitle, frames.root),
  );
  root.addEventListener("toggle", draw);

  function button(name: string, act: (event: FeedEvent) => Promise<string | undefined>): HTMLButtonElement {
    const made = element("button", { type: "button", class: "small" }, name);
    made.addEventListener("click", async () => {
      setText(result, "");
      if (shown) setText(result, await act(shown) ?? "");
    });
    return made;
  }

  function draw(): void {
    if (!root.open || !shown) return;
    facts.replaceChildren(...factItems(shown));
    replays.hidden = shown.replays === 0;
    setText(replays, replaysText(shown));
    setText(framesTitle, counted(shown.frames.length, "raw frame"));
    frames.show(shown.frames);
  }

  return {
    root,
    show(event) {
      shown = event;
      const about = cut(event.event.query, 60);
      summary.setAttribute("aria-label", `Details of “${about}”`);
      for (const button of [replay, again, edit]) {
        button.setAttribute("aria-label", `${button.textContent} “${about}”`);
      }
      // Once there is an answer to replay, the button stays: it would take the focus along.
      if (event.state === "answered" || event.state === "failed") replay.hidden = false;
      else if (event.replays === 0) replay.hidden = true;
      draw();
    },
  };
}

/** The events, newest first: a bounded list that keeps what the user is at, whatever flows by. @module */

import type { FeedEventState } from "../feed.ts";
import { byId, element, setText } from "./elements.ts";
import { createEventRow, type EventRow, type Replay } from "./event_row.ts";
import type { FeedState } from "./feed_state.ts";
import { counted } from "./format.ts";

/** Rows that are built at first, and with each "Show more": a thousand at once would hold the page up. */
const ROWS = 50;

type Filter = FeedEventState | "all";
const FILTERS: readonly (readonly [Filter, string])[] = [
  ["all", "All"],
  ["waiting", "Waiting"],
  ["answering", "Answering"],
  ["answered", "Answered"],
  ["failed", "Failed"],
];

/** Show the events of a state; call again when it has changed. `onChange`: the user wants to see others. */
export function createEventsView(options: { replay: Replay; onChange: () => void }): (state: FeedState) => void {
  const list = byId("event-list", HTMLOListElement);
  const none = byId("no-events", HTMLElement);
  const more = byId("more-events", HTMLButtonElement);
  const note = byId("events-note", HTMLElement);
  const rows = new Map<string, EventRow>();
  let filter: Filter = "all";
  let wanted = ROWS;

  const showCounts = createFilter((chosen) => {
    filter = chosen;
    wanted = ROWS;
    options.onChange();
  });
  more.addEventListener("click", () => {
    wanted += ROWS;
    options.onChange();
  });

  return ({ events, maxEvents, shownLength, counts, aheadMs }) => {
    showCounts(counts);
    note.hidden = total(counts) <= maxEvents;
    setText(note, `Kept and shown here: the latest ${counted(maxEvents, "event")}.`);
    const matching = [...events.values()]
      .filter(({ state }) => filter === "all" || state === filter)
      .sort((one, other) => other.number - one.number);
    const shown = matching.slice(0, wanted);
    const keys = new Set(shown.map(({ key }) => key));
    for (const [key, row] of rows) {
      if (keys.has(key) || row.isInUse()) continue;
      row.root.remove();
      rows.delete(key);
    }
    const context = { nowMs: Date.now() + aheadMs, shownLength };
    // Rows in use that have left the list keep their place among the others.
    let place: Element | null = list.firstElementChild;
    for (const event of shown) {
      const row = rows.get(event.key) ?? createEventRow(event.key, options.replay);
      rows.set(event.key, row);
      row.show(event, context);
      while (place && place !== row.root && !keys.has((place as HTMLElement).dataset.key ?? "")) {
        place = place.nextElementSibling;
      }
      if (place === row.root) place = place.nextElementSibling;
      else list.insertBefore(row.root, place);
    }
    for (const [key, row] of rows) {
      const event = events.get(key);
      if (!keys.has(key) && event) row.show(event, context);
    }
    more.hidden = matching.length <= wanted;
    setText(more, `Show ${Math.min(ROWS, matching.length - wanted)} more of ${counted(matching.length, "event")}`);
    none.hidden = matching.length > 0;
    setText(none, filter === "all" ? "Nothing yet. Ask something." : `No event is ${filter}.`);
  };
}

/** The choice of events, with how many there are of each. */
function createFilter(onChoice: (chosen: Filter) => void): (counts: FeedState["counts"]) => void {
  const fieldset = byId("filter", HTMLFieldSetElement);
  const numbers = new Map<Filter, HTMLElement>();
  for (const [filter, name] of FILTERS) {
    const input = element("input", { type: "radio", name: "filter", value: filter, class: "visually-hidden" });
    const number = element("span", { class: "count" }, "0");
    input.checked = filter === "all";
    input.addEventListener("change", () => onChoice(filter));
    numbers.set(filter, number);
    fieldset.append(element("label", {}, input, `${name} `, number));
  }
  return (counts) => {
    for (const [filter, number] of numbers) {
      setText(number, (filter === "all" ? total(counts) : counts[filter]).toLocaleString("en"));
    }
  };
}

function total({ waiting, answering, answered, failed }: FeedState["counts"]): number {
  return waiting + answering + answered + failed;
}

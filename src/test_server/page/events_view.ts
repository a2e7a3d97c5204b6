/** The events, newest first: a bounded list that keeps the rows that the user is busy with. @module */

import type { FeedEvent } from "../feed.ts";
import { byId, element, setText } from "./elements.ts";
import { searchedText, type ShownState, stateOf } from "./event_facts.ts";
import { createEventRow, type EventRow, type RowActions } from "./event_row.ts";
import type { FeedState } from "./feed_state.ts";
import { counted } from "./format.ts";

/** The list of events. */
export interface EventsView {
  /** Show the events of a state; call again when it has changed. */
  show(state: FeedState): void;
  /** Bring an event into sight, as soon as it is there. */
  reveal(key: string): void;
}

/** Rows that are built at first, and with each "Show more": a thousand at once would hold the page up. */
const ROWS = 50;

type Filter = ShownState | "all";
const FILTERS: readonly (readonly [Filter, string])[] = [
  ["all", "All"],
  ["waiting", "Waiting"],
  ["answering", "Answering"],
  ["answered", "Answered"],
  ["declined", "Declined"],
  ["failed", "Failed"],
];

/** The list, empty. `onChange`: the user wants to see others. */
export function createEventsView(options: { actions: RowActions; onChange: () => void }): EventsView {
  return new EventList(options);
}

class EventList implements EventsView {
  readonly #actions: RowActions;
  readonly #list = byId("event-list", HTMLOListElement);
  readonly #none = byId("no-events", HTMLElement);
  readonly #more = byId("more-events", HTMLButtonElement);
  readonly #note = byId("events-note", HTMLElement);
  readonly #rows = new Map<string, EventRow>();
  readonly #showCounts: (counts: FeedState["counts"]) => void;
  readonly #search: () => (event: FeedEvent) => boolean;
  #filter: Filter = "all";
  #wanted = ROWS;
  #revealed: string | undefined;

  constructor({ actions, onChange }: { actions: RowActions; onChange: () => void }) {
    this.#actions = actions;
    this.#showCounts = createFilter((chosen) => {
      this.#filter = chosen;
      this.#wanted = ROWS;
      onChange();
    });
    this.#search = createSearch(() => {
      this.#wanted = ROWS;
      onChange();
    });
    this.#more.addEventListener("click", () => {
      this.#wanted += ROWS;
      onChange();
    });
  }

  reveal(key: string): void {
    this.#revealed = key;
  }

  show({ events, maxEvents, counts, aheadMs }: FeedState): void {
    this.#showCounts(counts);
    this.#note.hidden = total(counts) <= maxEvents;
    setText(this.#note, `Kept and shown here: the latest ${counted(maxEvents, "event")}.`);
    const isFound = this.#search();
    const matching = [...events.values()]
      .filter((event) => (this.#filter === "all" || stateOf(event) === this.#filter) && isFound(event))
      .sort((one, other) => other.number - one.number);
    this.#place(matching.slice(0, this.#wanted), { nowMs: Date.now() + aheadMs }, events);
    this.#more.hidden = matching.length <= this.#wanted;
    const next = Math.min(ROWS, matching.length - this.#wanted);
    setText(this.#more, `Show ${next} more of ${counted(matching.length, "event")}`);
    this.#none.hidden = matching.length > 0;
    setText(this.#none, this.#noneText(events.size));
    const row = this.#revealed === undefined ? undefined : this.#rows.get(this.#revealed);
    if (!row) return;
    this.#revealed = undefined;
    row.root.scrollIntoView({ block: "start" });
  }

  /** Rows in use that have left the list keep their place among the others. */
  #place(shown: readonly FeedEvent[], context: { nowMs: number }, known: ReadonlyMap<string, FeedEvent>): void {
    const keys = new Set(shown.map(({ key }) => key));
    for (const [key, row] of this.#rows) {
      if (keys.has(key) || row.isInUse()) continue;
      row.root.remove();
      this.#rows.delete(key);
    }
    let place: Element | null = this.#list.firstElementChild;
    for (const event of shown) {
      const row = this.#rows.get(event.key) ?? createEventRow(event.key, this.#actions);
      this.#rows.set(event.key, row);
      row.show(event, context);
      while (place && place !== row.root && !keys.has((place as HTMLElement).dataset.key ?? "")) {
        place = place.nextElementSibling;
      }
      if (place === row.root) place = place.nextElementSibling;
      else this.#list.insertBefore(row.root, place);
    }
    for (const [key, row] of this.#rows) {
      const event = known.get(key);
      if (!keys.has(key) && event) row.show(event, context);
    }
  }

  #noneText(known: number): string {
    if (known === 0) return "Nothing yet. Ask something.";
    const which = this.#filter === "all" ? "" : ` that is ${this.#filter}`;
    return `There is no event${which}${byId("search", HTMLInputElement).value.trim() ? " with these words" : ""}.`;
  }
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
    // A declined answer is an answer for the server; here each event stands in one place.
    const shown = { ...counts, all: total(counts), answered: counts.answered - counts.declined };
    for (const [filter, number] of numbers) setText(number, shown[filter].toLocaleString("en"));
  };
}

/** The search box. @returns A function that gives the test for the words that are in it now. */
function createSearch(onChange: () => void): () => (event: FeedEvent) => boolean {
  const search = byId("search", HTMLInputElement);
  const texts = new WeakMap<FeedEvent, string>();
  search.addEventListener("input", onChange);
  return () => {
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    if (words.length === 0) return () => true;
    return (event) => {
      const text = texts.get(event) ?? searchedText(event);
      texts.set(event, text);
      return words.every((word) => text.includes(word));
    };
  };
}

function total({ waiting, answering, answered, failed }: FeedState["counts"]): number {
  return waiting + answering + answered + failed;
}

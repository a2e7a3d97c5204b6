/** Raw frames, as they went over the wire. @module */

import type { FeedFrame } from "../feed.ts";
import { createCopyButton } from "./copy_button.ts";
import { element } from "./elements.ts";
import { agentName, counted } from "./format.ts";
import { indented } from "./indented.ts";

/** Frames on the page. */
export interface FrameList {
  readonly root: HTMLOListElement;
  show(frames: readonly FeedFrame[]): void;
}

const TO_THE_MILLISECOND = {
  hour: "numeric",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
} as const;

/** A list of frames, each kept as long as it is shown: somebody may be at one of its buttons. */
export function createFrameList(): FrameList {
  const root = element("ol", { class: "frame-list" });
  const items = new Map<string, HTMLLIElement>();
  return {
    root,
    show(frames) {
      const times = new Map<string, number>();
      const wanted = new Map<string, HTMLLIElement>();
      for (const frame of frames) {
        const name = JSON.stringify(frame), time = (times.get(name) ?? 0) + 1;
        times.set(name, time);
        wanted.set(`${time} ${name}`, items.get(`${time} ${name}`) ?? frameItem(frame));
      }
      for (const [name, item] of items) if (!wanted.has(name)) item.remove();
      for (const [index, item] of [...wanted.values()].entries()) {
        if (root.children[index] !== item) root.insertBefore(item, root.children[index] ?? null);
      }
      items.clear();
      for (const [name, item] of wanted) items.set(name, item);
    },
  };
}

function frameItem({ atMs, direction, connection, agentId, text, length }: FeedFrame): HTMLLIElement {
  const agent = `agent ${agentName({ connection, ...agentId !== undefined && { agentId } })}`;
  const what = direction === "to_agent" ? `→ to ${agent}` : `← from ${agent}`;
  const size = counted(length, "character") + (text.length < length ? `, the first ${text.length} of them here` : "");
  const at = new Date(atMs).toLocaleTimeString(undefined, TO_THE_MILLISECOND);
  return element(
    "li",
    {},
    element(
      "div",
      { class: "frame-head" },
      element("p", {}, `${what}, ${at}, ${size}`),
      createCopyButton(() => text, { label: "Copy this frame as it is" }),
    ),
    element("pre", { class: "code", tabindex: "0" }, indented(text)),
  );
}

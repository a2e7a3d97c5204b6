/** Raw frames, as they went over the wire. @module */

import type { FeedFrame } from "../feed.ts";
import { element } from "./elements.ts";
import { counted, shortId } from "./format.ts";

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

/** A list of frames. */
export function createFrameList(): FrameList {
  const root = element("ol");
  return {
    root,
    show(frames) {
      root.replaceChildren(...frames.map(frameItem));
    },
  };
}

function frameItem({ atMs, direction, connection, agentId, text, length }: FeedFrame): HTMLLIElement {
  const agent = `agent #${connection}${agentId === undefined ? "" : ` ${shortId(agentId)}`}`;
  const what = direction === "to_agent" ? `→ to ${agent}` : `← from ${agent}`;
  const size = counted(length, "character") + (text.length < length ? `, the first ${text.length} of them here` : "");
  const at = new Date(atMs).toLocaleTimeString(undefined, TO_THE_MILLISECOND);
  return element(
    "li",
    {},
    element("p", { class: "frame-head" }, `${what}, ${at}, ${size}`),
    element("pre", { class: "code" }, text),
  );
}

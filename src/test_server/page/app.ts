/** The page: what the server feeds it, shown; what the user wants, asked. @module */

import { createAgentsView } from "./agents_view.ts";
import { createAnnouncer } from "./announcer.ts";
import { createAskForm } from "./ask_form.ts";
import { byId, setText } from "./elements.ts";
import { createEventsView } from "./events_view.ts";
import { type LinkState, openFeedLink } from "./feed_link.ts";
import { apply, emptyState } from "./feed_state.ts";
import { createMalformedForm } from "./malformed_form.ts";
import { paced } from "./pace.ts";
import { createSignInForm } from "./sign_in_form.ts";

const LINK_TEXTS = {
  connecting: "Connecting…",
  live: "Live",
  broken: "Disconnected, trying again…",
  refused: "Token needed",
} as const satisfies Record<LinkState["kind"], string>;

const state = emptyState();
const redraw = paced(() => {
  if (state.url === "") return; // nothing is known yet
  for (const show of views) show(state);
});
const views = [
  createAgentsView(),
  createEventsView({
    replay: async (key) => {
      const reply = await link.request({ type: "replay", key });
      return reply.type === "refused" ? `Refused: ${reply.reason}` : undefined;
    },
    onChange: redraw,
  }),
  createMalformedForm((command) => link.request(command)),
  createAnnouncer(),
];
const showSignIn = createSignInForm((token) => link.signIn(token));
const link = openFeedLink({
  onMessage(message) {
    apply(state, message);
    redraw();
  },
  onState: showLink,
});
createAskForm((command) => link.request(command));
// How long the open events have been waiting goes on without news of them.
setInterval(() => {
  if (state.counts.waiting + state.counts.answering > 0) redraw();
}, 1_000);

function showLink(linkState: LinkState): void {
  const shown = byId("link", HTMLElement);
  shown.dataset.state = linkState.kind;
  setText(shown, LINK_TEXTS[linkState.kind]);
  showSignIn(linkState);
}

/** The page: shows the server's feed, and passes the user's commands on. @module */

import { createAgentsView } from "./agents_view.ts";
import { createAnnouncer } from "./announcer.ts";
import { createAskForm } from "./ask_form.ts";
import { byId, setText } from "./elements.ts";
import { createEventsView } from "./events_view.ts";
import { type LinkState, openFeedLink, type Request } from "./feed_link.ts";
import { apply, emptyState } from "./feed_state.ts";
import { createFiguresView } from "./figures_view.ts";
import { createMalformedForm } from "./malformed_form.ts";
import { paced } from "./pace.ts";
import { createRowActions } from "./row_actions.ts";
import { createSignInForm } from "./sign_in_form.ts";

const LINK_TEXTS = {
  connecting: "Connecting…",
  live: "Live",
  broken: "Disconnected, trying again…",
  refused: "Token needed",
} as const satisfies Record<LinkState["kind"], string>;
/** Where the events stand below the form, out of sight: as in the style sheet. */
const IS_NARROW = matchMedia("(max-width: 959px)");

const state = emptyState();
const redraw = paced(() => {
  if (state.url === "") return; // nothing is known yet
  for (const show of views) show(state);
});
const request = (command: Request) => link.request(command);
const events = createEventsView({
  actions: createRowActions(request, { form: () => form, onAsked }),
  onChange: redraw,
});
const views = [
  createAgentsView(),
  createFiguresView(),
  events.show.bind(events),
  createMalformedForm(request),
  createAnnouncer(),
];
const form = createAskForm(request, onAsked);
const showSignIn = createSignInForm((token) => link.signIn(token));
const link = openFeedLink({
  onMessage(message) {
    apply(state, message);
    redraw();
  },
  onState: showLink,
});
// How long the open events have been waiting goes on without news of them.
setInterval(() => {
  if (state.counts.waiting + state.counts.answering > 0) redraw();
}, 1_000);

/** On a phone the answer comes below the form: bring it into sight, and let the keyboard go. */
function onAsked(key: string): void {
  if (!IS_NARROW.matches) return;
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  events.reveal(key);
  redraw();
}

function showLink(linkState: LinkState): void {
  const shown = byId("link", HTMLElement);
  shown.dataset.state = linkState.kind;
  setText(shown, LINK_TEXTS[linkState.kind]);
  showSignIn(linkState);
}

/** The form for the token, where the server wants one. @module */

import { byId, setText } from "./elements.ts";
import type { LinkState } from "./feed_link.ts";

/** Make the form give its token to `signIn`. @returns A function that shows the form or the rest of the page, by the link's state. */
export function createSignInForm(signIn: (token: string) => void): (state: LinkState) => void {
  const form = byId("sign-in", HTMLFormElement);
  const token = byId("token", HTMLInputElement);
  const error = byId("token-error", HTMLElement);
  const desk = byId("desk", HTMLElement);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    signIn(token.value);
    token.value = "";
  });

  return (state) => {
    if (state.kind === "live") form.hidden = true;
    if (state.kind === "refused") form.hidden = false;
    desk.hidden = !form.hidden;
    if (state.kind !== "refused") return;
    const isFirst = state.reason === "token missing";
    token.ariaInvalid = String(!isFirst);
    setText(error, isFirst ? "" : `The server closed the connection: ${state.reason}.`);
    token.focus();
  };
}

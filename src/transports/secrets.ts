/** Takes secrets out of what a peer or an error says: it goes into the log. @module */

import { decodePart } from "../urls.ts";

/** Shorter values of a query are no secrets, and taking them out would leave holes everywhere. */
const LEAST_QUERY_VALUE = 4;

/** Every form in which the secrets of a URL may be quoted: user name, password and query, as written and decoded. */
export function secretsIn(url: URL): string[] {
  const credentials = [url.username, url.password].flatMap((text) => [text, decodePart(text)]);
  const values = [
    ...url.searchParams.values(),
    ...url.search.slice(1).split("&").map((pair) => pair.replace(/^[^=]*=/, "")),
  ]
    .filter((value) => value.length >= LEAST_QUERY_VALUE);
  return [url.href, url.search, decodePart(url.search), basicOf(url), ...credentials, ...values];
}

/** User name and password of a URL as they are sent by basic authentication. @see RFC 7617 */
export function basicOf({ username, password }: URL): string {
  if (username === "" && password === "") return "";
  return new TextEncoder().encode(`${decodePart(username)}:${decodePart(password)}`).toBase64();
}

/** Makes the function that replaces each of `secrets` by `[…]`, the longest first, also as a URL or JSON would have them. */
export function secretHider(secrets: readonly (string | undefined)[]): (text: string) => string {
  const forms = (secret: string | undefined) =>
    secret ? [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)] : [];
  const known = [...new Set(secrets.flatMap(forms))];
  known.sort((one, other) => other.length - one.length);
  return (text) => known.reduce((shown, secret) => shown.replaceAll(secret, "[…]"), text);
}

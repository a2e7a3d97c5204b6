/** Markdown, as safe elements: each is made here by name, and HTML in a text stays text. @module */

import { Lexer, type Token, type Tokens } from "marked";
import { element } from "./elements.ts";

/** Most levels of quotes and lists; anything deeper is shown as it was written. */
const MAX_DEPTH = 20;
/** Schemes of links that may be followed. */
const SCHEMES = ["http:", "https:", "mailto:"];
/** Elements of tokens that hold nothing but other tokens. */
const CONTAINERS = { strong: "strong", em: "em", del: "del", blockquote: "blockquote", paragraph: "p" } as const;

/**
 * The elements of a text in GitHub's Markdown. Nothing of it can run, load or look like a part of the page: there are no
 * images, links open elsewhere and tell nobody where they were, and headings are all of one rank, below an event's own.
 */
export function renderMarkdown(text: string): Node[] {
  let tokens: Token[];
  try {
    tokens = new Lexer({ gfm: true, breaks: true }).lex(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [element("p", {}, text)]; // nested too deep for the parser's stack
  }
  return nodesOf(tokens, 0);
}

function nodesOf(tokens: readonly Token[] | undefined, depth: number): Node[] {
  return (tokens ?? []).flatMap((token) =>
    depth > MAX_DEPTH ? document.createTextNode(token.raw) : nodeOf(token, depth)
  );
}

function nodeOf(token: Token, depth: number): Node | Node[] {
  const inside = () => nodesOf("tokens" in token ? token.tokens : undefined, depth + 1);
  switch (token.type) {
    case "space":
    case "def":
    case "checkbox":
      return [];
    case "br":
      return element("br");
    case "hr":
      return element("hr");
    case "heading":
      return element("h4", {}, ...inside());
    case "codespan":
      return element("code", {}, token.text);
    case "code":
      return element("pre", { class: "code", tabindex: "0" }, element("code", {}, token.text));
    case "link":
      return link(token as Tokens.Link, inside());
    case "list":
      return list(token as Tokens.List, depth);
    case "table":
      return table(token as Tokens.Table, depth);
    case "text":
      return "tokens" in token && token.tokens ? inside() : document.createTextNode(token.text);
    case "escape":
      return document.createTextNode(token.text);
    default: {
      const container = CONTAINERS[token.type as keyof typeof CONTAINERS] as typeof CONTAINERS[keyof typeof CONTAINERS];
      // An image, HTML, or a kind of token that this page does not know.
      return container ? element(container, {}, ...inside()) : document.createTextNode(token.raw);
    }
  }
}

function link({ href, raw }: Tokens.Link, inside: Node[]): Node | Node[] {
  const url = URL.canParse(href) ? new URL(href) : undefined;
  if (!url || !SCHEMES.includes(url.protocol)) return document.createTextNode(raw);
  // The title tells where a link goes, whatever its text says.
  return element(
    "a",
    { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow", title: url.href },
    ...inside,
  );
}

function list({ ordered, start, items }: Tokens.List, depth: number): Node {
  const attributes = ordered && start !== "" && start !== 1 ? { start: String(start) } : {};
  const made = items.map(({ task, checked, tokens }) =>
    element("li", {}, task ? (checked ? "☑ " : "☐ ") : undefined, ...nodesOf(tokens, depth + 1))
  );
  return element(ordered ? "ol" : "ul", attributes, ...made);
}

function table({ header, rows }: Tokens.Table, depth: number): Node {
  const row = (name: "th" | "td", cells: Tokens.TableCell[]) =>
    element("tr", {}, ...cells.map(({ tokens }) => element(name, {}, ...nodesOf(tokens, depth + 1))));
  return element(
    "div",
    { class: "table", tabindex: "0" },
    element(
      "table",
      {},
      element("thead", {}, row("th", header)),
      element("tbody", {}, ...rows.map((cells) => row("td", cells))),
    ),
  );
}

/** Where a JSON text is wrong. V8's own messages name no place for most mistakes, and quote the text. @module */

/** A place in a text, both from 1 up, columns in UTF-16 code units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

type Expecting = "value" | "value or ]" | "key or }" | "key" | "colon" | "comma or close" | "end";

const WORD =
  // deno-lint-ignore no-control-regex -- JSON's strings may hold none of these
  /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/y;

/** The first place where `text` stops being JSON; its end if more should come. Undefined if it is JSON. */
export function findJsonError(text: string): Place | undefined {
  const open: ("{" | "[")[] = [];
  let expecting: Expecting = "value";
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    WORD.lastIndex = at;
    const word: string | undefined = WORD.exec(text)?.[0];
    const next: Expecting | undefined = word === undefined ? undefined : follow(expecting, word, open);
    if (word === undefined || next === undefined) return placeOf(text, at);
    expecting = next;
    at += word.length;
  }
  return expecting === "end" ? undefined : placeOf(text, text.length);
}

/** What may come after `word`; undefined if `word` may not come here. Keeps `open`, the brackets that are open. */
function follow(expecting: Expecting, word: string, open: ("{" | "[")[]): Expecting | undefined {
  const afterValue = (): Expecting => open.length > 0 ? "comma or close" : "end";
  if (expecting === "colon") return word === ":" ? "value" : undefined;
  if (
    (word === "}" && (expecting === "key or }" || expecting === "comma or close") && open.at(-1) === "{") ||
    (word === "]" && (expecting === "value or ]" || expecting === "comma or close") && open.at(-1) === "[")
  ) {
    open.pop();
    return afterValue();
  }
  if (expecting === "comma or close") return word !== "," ? undefined : open.at(-1) === "{" ? "key" : "value";
  if (expecting === "key" || expecting === "key or }") return word.startsWith('"') ? "colon" : undefined;
  if (expecting === "end" || /^[}\],:]$/.test(word)) return undefined;
  if (word !== "{" && word !== "[") return afterValue();
  open.push(word);
  return word === "{" ? "key or }" : "value or ]";
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text.charAt(at))) at++;
  return at;
}

function placeOf(text: string, at: number): Place {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

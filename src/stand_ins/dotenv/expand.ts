/** The references in an unquoted value, replaced by what they stand for. @module */

/**
 * The value of a variable with its references replaced, those in what replaces them too, until none is left.
 *
 * As in the original: a round replaces all references there are, so what two of them bring in may form a third; a
 * default reaches to the last `}` of the line or, without braces, to its end; `\$NAME` stays, `\${NAME}` does not.
 *
 * @param valueOf The text of a variable as it was written, undefined if it is not set.
 * @throws {Error} If a reference leads back to a variable it came from. Tells their names, never a value.
 */
export function expand(variable: string, valueOf: (name: string) => string | undefined): string {
  let marked = mark(valueOf(variable) ?? "", [variable]);
  for (;;) {
    const text = marked.map(({ character }) => character).join("");
    const references = [...text.matchAll(REFERENCE)];
    if (references.length === 0) return text;
    const next: Marked[][] = [];
    let end = 0;
    for (const reference of references) {
      next.push(marked.slice(end, reference.index), replacement(reference, marked, valueOf));
      end = reference.index + reference[0].length;
    }
    marked = [...next, marked.slice(end)].flat();
  }
}

/** `${name}` or `${name:-default}`, else `$name` or `$name:-default`; `d` for the places of the groups. */
const REFERENCE = /\$\{(.+?)(?::-(.+))?\}|(?<!\\)\$(\w+)(?::-(.+))?/dg;

/**
 * A character and the variables it was brought in by, outermost first. Each replacement adds a name to the list and none
 * may be there twice, so expansion ends, even where references are formed of pieces from several variables.
 */
interface Marked {
  character: string;
  through: readonly string[];
}

function mark(text: string, through: readonly string[]): Marked[] {
  return text.split("").map((character) => ({ character, through }));
}

function replacement(
  reference: RegExpExecArray,
  marked: readonly Marked[],
  valueOf: (name: string) => string | undefined,
): Marked[] {
  const name = reference[1] ?? reference[3] ?? "";
  const value = valueOf(name);
  if (value === undefined) {
    const fallback = reference.indices?.[2] ?? reference.indices?.[4];
    return fallback ? marked.slice(...fallback) : mark("undefined", []); // the word, as in the original
  }
  const nameEnd = reference.index + reference[0].indexOf(name) + name.length;
  const through = new Set(marked.slice(reference.index, nameEnd).flatMap((part) => part.through));
  if (through.has(name)) throw circular([...through].slice([...through].indexOf(name)));
  return mark(value, [...through, name]);
}

function circular(names: readonly string[]): Error {
  const [first] = names;
  if (names.length === 1) {
    return new Error(`Cannot expand the variable ${first}: it refers to itself. Write out its value.`);
  }
  const way = [...names, first].join(" -> ");
  return new Error(
    `Cannot expand the variables ${names.join(", ")}: they refer to each other (${way}). Write out the value of one.`,
  );
}

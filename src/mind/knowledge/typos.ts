/** Words with one wrong letter. @module */

/** Fewest letters of a word in which a wrong one is forgiven: shorter words have too many neighbours. */
const LEAST_LETTERS = 6;

/** Terms by their first letter, those that are long enough to be meant by a word with a wrong letter. */
export type LongTerms = ReadonlyMap<string, readonly string[]>;

/** The long ones of `terms`, which are stems. */
export function longTermsOf(terms: Iterable<string>): LongTerms {
  return Map.groupBy(Iterator.from(terms).filter(({ length }) => length >= LEAST_LETTERS - 1), (term) => term[0] ?? "");
}

/** The first term that `written` or its stem is one letter off from, the first letter being right. */
export function nearestTo(stem: string, written: string, terms: LongTerms): string | undefined {
  if (written.length < LEAST_LETTERS) return undefined;
  for (const term of terms.get(written[0] ?? "") ?? []) {
    if (stem.length >= LEAST_LETTERS - 1 && isOneLetterOff(stem, term)) return term;
    if (term.length >= LEAST_LETTERS && isOneLetterOff(written, term)) return term;
  }
  return undefined;
}

/** Whether one text becomes the other by one letter changed, left out, put in, or swapped with the next. */
export function isOneLetterOff(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  if (long.length - short.length > 1 || short === long) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  if (short.slice(at + 1) === long.slice(at + 1)) return true;
  return short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2);
}

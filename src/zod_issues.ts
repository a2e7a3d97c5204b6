/** Words for what zod finds wrong with data: the place and the mistake, never the value, which may be a secret. @module */

/** An issue of zod, or of another copy of it, as far as it is shown. */
export interface Issue {
  readonly message: string;
  readonly path: readonly PropertyKey[];
  /** Of a union: what each of its members found wrong. */
  readonly errors?: readonly (readonly Issue[])[];
}

/** `id: expected string, received number; query: …`: all issues on one line. */
export function describeIssues({ issues }: { readonly issues: readonly Issue[] }): string {
  return issues.map(describeIssue).join("; ");
}

/**
 * `messageExamples.0.1.name: expected string, received number`, or `…: missing`. The place is left out where the whole
 * value is wrong. A union that has nothing to say itself is described by what its members say.
 */
export function describeIssue({ message, path, errors = [] }: Issue): string {
  const place = path.length > 0 ? `${path.map(String).join(".")}: ` : "";
  const what = message.replace(/^Invalid (?:input|option)(?:: )?/, "").replace(
    /^expected .+, received undefined$/,
    "missing",
  );
  if (what !== "") return place + what.charAt(0).toLowerCase() + what.slice(1);
  const members = errors.map((issues) => issues.map(describeIssue).join(" and "));
  return `${place}${[...new Set(members)].join(", or ")}`;
}

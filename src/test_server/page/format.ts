/** Numbers and ids as people read them. @module */

/** `8 ms`, `1.4 s`, `2 min 5 s`, with a space that does not break between number and unit. */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1_000) return `${whole}\u00a0ms`;
  if (whole < 59_950) return `${(whole / 1_000).toFixed(1)}\u00a0s`;
  const seconds = Math.round(whole / 1_000);
  return `${Math.floor(seconds / 60)}\u00a0min ${seconds % 60}\u00a0s`;
}

/** `1 event`, `1,200 events`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** The first eight digits of a UUID: enough to tell agents apart. */
export function shortId(agentId: string): string {
  return agentId.slice(0, 8);
}

/** At most `length` characters, cut between two of them. */
export function cut(text: string, length: number): string {
  const characters = Array.from(text.slice(0, 2 * length + 2)); // a character has at most two units
  return characters.length <= length ? characters.join("") : `${characters.slice(0, length).join("")}…`;
}

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

/** `12/min`, or `40/s` where there are more than 120 a minute. */
export function rate(perMinute: number): string {
  const [value, unit] = perMinute > 120 ? [perMinute / 60, "s"] : [perMinute, "min"];
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 })}/${unit}`;
}

/** `0 %`, `0.4 %`, `12 %`. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 })}\u00a0%`;
}

/** An agent: its connection, which tells it from others of the same id, and the first eight digits of its id. */
export function agentName({ connection, agentId }: { connection: number; agentId?: string }): string {
  return `#${connection}${agentId === undefined ? "" : ` ${agentId.slice(0, 8)}`}`;
}

/** At most `length` characters, cut between two of them. */
export function cut(text: string, length: number): string {
  const characters = Array.from(text.slice(0, 2 * length + 2)); // a character has at most two units
  return characters.length <= length ? characters.join("") : `${characters.slice(0, length).join("")}…`;
}

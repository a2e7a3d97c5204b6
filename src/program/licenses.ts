/** What `--licenses` prints: the notices of the software in the executable. @module */

import notices from "./licenses.json" with { type: "json" };

const INTRODUCTION = "The executable of the agent contains the following software. Each is under the licence below it.";

/** The notices, each licence text once, below all that it is for. */
export function licensesText(): string {
  const groups = notices.texts.map((lines, index) => {
    const parts = notices.parts.filter(({ text }) => text === index)
      .map(({ name, copyright }) => [name, ...copyright.map((line) => `    ${line}`)].join("\n"));
    return [...parts, "", ...lines].join("\n");
  });
  return [INTRODUCTION, ...groups].join(`\n\n${"-".repeat(80)}\n\n`);
}

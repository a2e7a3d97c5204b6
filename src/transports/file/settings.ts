/** Settings of the file transport. @module */

import { duration, text } from "../../settings/checks.ts";
import { milliseconds, setting } from "../../settings/definition.ts";

/** Names and defaults of the guide are a contract. */
export const FILE_SETTINGS = {
  EVENT_INPUT_PATH: setting({
    meaning:
      "File transport: the file of events that is watched (`.json`, `.ndjson`, `.jsonl`), or a directory of such files; it may appear later",
    expected: "a path",
    access: "read",
    check: text,
    default: (given) => `${given("IEXEC_IN") ?? "iexec_in"}/events.json`,
    defaultText: "`iexec_in/events.json`, in `IEXEC_IN` if set",
  }),
  EVENT_POLL_INTERVAL: setting({
    meaning: "File transport: milliseconds between two looks at the file, behind the file system's own notices",
    expected: milliseconds(10),
    check: duration(10),
    default: "5000",
  }),
};

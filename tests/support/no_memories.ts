/** What a mind without memories remembers, for loops whose mind is a test's own. @module */

import type { Remembered } from "../../src/mind/mind.ts";

export const noMemories: Remembered = {
  lastExchange: () => 0,
  forget: () => ({ exchanges: 0, messages: 0, events: [] }),
  pruneOld: () => 0,
  pruneLong: () => 0,
};

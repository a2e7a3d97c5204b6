/** The real clock, at the time of the fake Intel. @module */

import { type Clock, systemClock } from "../../src/clock.ts";
import { FAKE_NOW_MS } from "./fake_intel.ts";

const aheadMs = FAKE_NOW_MS - Date.now();

/** Goes on as the real one does. */
export const FAKE_CLOCK: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };

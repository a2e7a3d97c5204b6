/** Draws at a pace that leaves most of the page's time to its user, in a flood of events, too. @module */

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** How many times as long as the drawing the pause after it is. */
const PAUSE_RATIO = 3;

/** @returns A function that has `draw` called soon, once for any number of calls: in the next frame, or after the pause. */
export function paced(draw: () => void): () => void {
  let isWanted = false;
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    while (isWanted) {
      await new Promise(requestAnimationFrame);
      isWanted = false;
      const beganMs = performance.now();
      draw();
      await pause(0); // until the browser has laid out and painted, which is most of the work
      const tookMs = performance.now() - beganMs;
      await pause(Math.min(Math.max(SHORTEST_PAUSE_MS, PAUSE_RATIO * tookMs), LONGEST_PAUSE_MS));
    }
    isRunning = false;
  }

  return () => {
    isWanted = true;
    if (!isRunning) run();
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

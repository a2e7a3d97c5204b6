/** Small lines that show how a number went over the last minutes. @module */

import { drawn } from "./elements.ts";

/** A line that can be drawn anew. It says nothing to screen readers: the number beside it does. */
export interface Sparkline {
  readonly root: SVGSVGElement;
  /** Oldest first; null where there was nothing to measure. `least`: value of the upper edge, at least. */
  show(values: readonly (number | null)[], options: { least: number }): void;
}

/** In units of the drawing, which is stretched to its place. */
const WIDTH = 100, HEIGHT = 24, MARGIN = 2;

/** A line without values. */
export function createSparkline(): Sparkline {
  const line = drawn("path", { class: "spark-line", fill: "none", "vector-effect": "non-scaling-stroke" });
  const root = drawn(
    "svg",
    { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    line,
  );
  let shown = "";
  return {
    root,
    show(values, { least }) {
      const path = pathOf(values, Math.max(least, ...values.map((value) => value ?? 0)));
      if (path === shown) return;
      shown = path;
      line.setAttribute("d", path);
    },
  };
}

/** Gaps where a value is missing; a value between two gaps is a short stroke. */
function pathOf(values: readonly (number | null)[], top: number): string {
  const step = (WIDTH - 2 * MARGIN) / Math.max(1, values.length - 1);
  let path = "";
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const x = (MARGIN + index * step).toFixed(1);
    const y = (HEIGHT - MARGIN - (value / top) * (HEIGHT - 2 * MARGIN)).toFixed(1);
    const isStart = (values[index - 1] ?? null) === null;
    path += isStart ? `M${x} ${y}` : `L${x} ${y}`;
    if (isStart && (values[index + 1] ?? null) === null) path += "m-1 0h2";
  }
  return path;
}

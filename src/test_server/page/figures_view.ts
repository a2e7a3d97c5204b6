/** The strip above the events: how all agents, and each of them, did over the last minutes. @module */

import type { FeedFigures, FeedSeries } from "../feed.ts";
import { byId, element, setText } from "./elements.ts";
import type { FeedState } from "./feed_state.ts";
import { agentName, counted, duration, percent, rate } from "./format.ts";
import { createSparkline } from "./sparkline.ts";

/** The last minute, in slices of ten seconds: what the rate is counted over. */
const RATE_MS = 60_000;

/** Show the figures of a state; call again when they have changed. */
export function createFiguresView(): (state: FeedState) => void {
  const body = byId("figures-body", HTMLTableSectionElement);
  const period = byId("figures-period", HTMLElement);
  const all = createRow();
  const rows = new Map<number, FigureRow>();
  let shown: FeedFigures | undefined;

  return ({ figures, agents }) => {
    if (!figures || figures === shown) return;
    // A row without a name would be none to a screen reader.
    if (!shown) body.append(all.root);
    shown = figures;
    setText(period, `Last ${counted(figures.sliceMs * figures.all.answered.length / 60_000, "minute")}`);
    all.show("All agents", figures.all, figures.sliceMs);
    // One agent's figures are those of all.
    const several = agents.size > 1 ? new Map(figures.agents) : new Map<number, FeedSeries>();
    for (const [connection, row] of rows) {
      if (agents.has(connection) && several.size > 0) continue;
      row.root.remove();
      rows.delete(connection);
    }
    if (agents.size <= 1) return;
    for (const agent of agents.values()) {
      const series = several.get(agent.connection);
      if (!series) continue;
      const row = rows.get(agent.connection) ?? createRow();
      if (!rows.has(agent.connection)) body.append(row.root);
      rows.set(agent.connection, row);
      row.show(agentName(agent), series, figures.sliceMs);
    }
  };
}

interface FigureRow {
  readonly root: HTMLTableRowElement;
  show(name: string, series: FeedSeries, sliceMs: number): void;
}

function createRow(): FigureRow {
  const name = element("th", { scope: "row" });
  const cells = [createCell(), createCell(), createCell(), createCell(), createCell()] as const;
  const [rateCell, p50Cell, p95Cell, failedCell, declinedCell] = cells;
  return {
    root: element("tr", {}, name, ...cells.map(({ root }) => root)),
    show(shownName, { answered, declined, failed, p50Ms, p95Ms, overall }, sliceMs) {
      const slicesPerMinute = RATE_MS / sliceMs;
      const ended = answered.map((count, index) => count + (failed[index] ?? 0));
      const longest = Math.max(1, ...p95Ms.map((ms) => ms ?? 0)); // both percentiles are drawn to one scale
      setText(name, shownName);
      rateCell.show(rate(total(answered.slice(-slicesPerMinute))), answered, 1);
      p50Cell.show(overall.p50Ms === null ? "–" : duration(overall.p50Ms), p50Ms, longest);
      p95Cell.show(overall.p95Ms === null ? "–" : duration(overall.p95Ms), p95Ms, longest);
      failedCell.show(shareText(failed, ended), shares(failed, ended), 1);
      declinedCell.show(shareText(declined, ended), shares(declined, ended), 1);
    },
  };
}

function createCell() {
  const number = element("span");
  const line = createSparkline();
  return {
    root: element("td", {}, element("div", { class: "figure" }, number, line.root)),
    show(text: string, values: readonly (number | null)[], least: number) {
      setText(number, text);
      line.show(values, { least });
    },
  };
}

function shares(part: readonly number[], of: readonly number[]): (number | null)[] {
  return of.map((whole, index) => whole === 0 ? null : (part[index] ?? 0) / whole);
}

function shareText(part: readonly number[], of: readonly number[]): string {
  return total(of) === 0 ? "–" : percent(total(part) / total(of));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The connected agents, with their load and latency. @module */

import type { FeedAgent } from "../feed.ts";
import { createCopyButton } from "./copy_button.ts";
import { byId, element, setText } from "./elements.ts";
import { hasToken } from "./feed_link.ts";
import type { FeedState } from "./feed_state.ts";
import { agentName, duration } from "./format.ts";
import { createProofView } from "./proof_view.ts";

/** Show the agents of `state`; call again when it has changed. */
export function createAgentsView(): (state: FeedState) => void {
  const list = byId("agents", HTMLUListElement);
  const count = byId("agents-count", HTMLElement);
  const none = byId("no-agents", HTMLElement);
  const note = byId("agents-note", HTMLElement);
  const command = byId("start-command", HTMLElement);
  const items = new Map<number, AgentItem>();
  byId("no-agents", HTMLElement).append(
    createCopyButton(() => command.textContent ?? "", { label: "Copy the start command" }),
  );

  // As this page was reached: the server may listen on every network, or stand behind a proxy.
  const url = location.origin.replace(/^http/, "ws");
  return ({ agents, broadcast }) => {
    setText(count, String(agents.size));
    const token = hasToken() ? " WEBSOCKET_AUTH_TOKEN=THE_TOKEN" : "";
    setText(command, `USE_WEBSOCKET=true WEBSOCKET_URL=${url}${token} deno task start`);
    none.hidden = agents.size > 0;
    note.hidden = !broadcast;
    for (const [connection, item] of items) {
      if (agents.has(connection)) continue;
      item.root.remove();
      items.delete(connection);
    }
    for (const [connection, agent] of agents) {
      const item = items.get(connection) ?? createItem(agent);
      if (!items.has(connection)) list.append(item.root);
      items.set(connection, item);
      item.show(agent);
    }
  };
}

interface AgentItem {
  readonly root: HTMLLIElement;
  show(agent: FeedAgent): void;
}

function createItem({ connection, agentId, connectedMs }: FeedAgent): AgentItem {
  const load = element("span", { class: "agent-load" });
  const totals = element("p");
  const proof = createProofView();
  const since = new Date(connectedMs).toLocaleTimeString();
  const root = element(
    "li",
    { class: "agent" },
    element("span", { class: "agent-name" }, agentName({ connection, agentId })),
    load,
    totals,
    element(
      "div",
      { class: "line" },
      element("p", {}, `connected since ${since}`),
      createCopyButton(() => agentId, { label: `Copy id of agent #${connection}`, text: "Copy id" }),
    ),
    element("p", { class: "id" }, agentId),
    proof.root,
  );
  return {
    root,
    show(agent) {
      const { inFlight, answered, failed, latencyMs } = agent;
      proof.show(agent);
      setText(load, inFlight === 0 ? "idle" : `${inFlight} in flight`);
      load.toggleAttribute("data-busy", inFlight > 0);
      const latency = latencyMs && `last in ${duration(latencyMs.last)}, median ${duration(latencyMs.median)}`;
      const parts = [`${answered.toLocaleString("en")} answered`, failed > 0 ? `${failed} failed` : "", latency ?? ""];
      setText(totals, parts.filter((part) => part !== "").join(", "));
    },
  };
}

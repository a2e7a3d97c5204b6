/** Agents as the memory keeps them: their characters and settings, never their secrets. @module */

import { isObject } from "../json_object.ts";
import type { Agent, UUID } from "@elizaos/core";
import type { Place, Sealed } from "../store/seal.ts";
import type { Direct, Store } from "./store.ts";

type Settings = Record<string, unknown>;
type AgentBody = Omit<Partial<Agent>, "id" | "createdAt" | "updatedAt" | "settings"> & { settings?: Settings };

interface AgentRow {
  readonly id: UUID;
  readonly body: Sealed;
  readonly created_at: number;
  readonly updated_at: number;
}

const CREATE = `
  INSERT INTO agent (id, body, created_at, updated_at) VALUES (:id, :body, :createdAt, :updatedAt)
  ON CONFLICT (id) DO NOTHING`;
const ONE = `SELECT id, body, created_at, updated_at FROM agent WHERE id = :id`;
const ALL = `SELECT id, body, created_at, updated_at FROM agent ORDER BY seq`;
const UPDATE = `UPDATE agent SET body = :body, created_at = :createdAt, updated_at = :updatedAt WHERE id = :id`;
const DELETE = `DELETE FROM agent WHERE id = :id`;

/** The methods about agents. */
export function agentMethods(
  store: Store,
): Direct<"getAgent" | "getAgents" | "createAgent" | "updateAgent" | "deleteAgent"> {
  const create = store.command(CREATE), update = store.command(UPDATE), remove = store.command(DELETE);
  const one = store.query<AgentRow>(ONE), all = store.query<AgentRow>(ALL);
  const place = ({ id, created_at, updated_at }: Omit<AgentRow, "body">): Place => [
    "agent.body",
    id,
    created_at,
    updated_at,
  ];
  const bodyOf = (row: AgentRow) => store.open<AgentBody>(row.body, place(row));
  return {
    getAgent(agentId) {
      const row = one.get({ id: agentId });
      return row ? agentFrom(row, bodyOf(row)) : null;
    },
    getAgents() {
      return all.all({}).map((row) => {
        const { name, bio } = agentFrom(row, bodyOf(row));
        return { id: row.id, name, bio };
      });
    },
    createAgent(agent) {
      if (agent.name === undefined) return false;
      const { id = crypto.randomUUID(), createdAt = store.clock.now(), updatedAt = createdAt } = agent;
      const body = store.seal(withoutSecrets(agent), place({ id, created_at: createdAt, updated_at: updatedAt }));
      return create.run({ id, body, createdAt, updatedAt }).changes > 0;
    },
    updateAgent(agentId, agent) {
      return store.atomically(() => {
        const row = one.get({ id: agentId });
        if (!row) return false;
        const { createdAt = row.created_at, updatedAt = store.clock.now() } = agent;
        const newPlace = place({ id: agentId, created_at: createdAt, updated_at: updatedAt });
        const body = store.seal(updated(bodyOf(row), withoutSecrets(agent)), newPlace);
        update.run({ id: agentId, body, createdAt, updatedAt });
        return true;
      });
    },
    deleteAgent: (agentId) => remove.run({ id: agentId }).changes > 0,
  };
}

function agentFrom(row: AgentRow, body: AgentBody): Agent {
  return {
    name: "",
    bio: "",
    enabled: true,
    ...body,
    settings: (body.settings ?? {}) as NonNullable<Agent["settings"]>,
    id: row.id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** The fields of an agent that are stored. The core hands over the character with all its secrets, which are left out. */
function withoutSecrets(agent: Partial<Agent>): AgentBody {
  const { id: _id, createdAt: _createdAt, updatedAt: _updatedAt, secrets: _secrets, settings, ...body } = agent;
  if (!settings) return body;
  const { secrets: _settingsSecrets, ...kept } = settings;
  return { ...body, settings: kept };
}

/** `body` with what `change` gives; null removes. Settings are merged all the way down. */
function updated(body: AgentBody, change: AgentBody): AgentBody {
  const given = Object.entries(change).filter(([name, value]) => name !== "settings" && value !== undefined);
  const merged = Object.entries({ ...body, ...Object.fromEntries(given) }).filter(([, value]) => value !== null);
  if (change.settings) merged.push(["settings", merge(body.settings ?? {}, change.settings) ?? {}]);
  return Object.fromEntries(merged);
}

/** Lists and single values are replaced, null removes, and an object that loses its last key goes too. */
function merge(target: Settings, source: Settings): Settings | undefined {
  const result = { ...target };
  for (const [key, value] of Object.entries(source)) {
    if (value === undefined) continue;
    const old = result[key];
    const next = isObject(value) ? merge(isObject(old) ? old : {}, value) : value;
    if (next === undefined || next === null) delete result[key];
    else result[key] = next;
  }
  return Object.keys(result).length > 0 || Object.keys(source).length === 0 ? result : undefined;
}

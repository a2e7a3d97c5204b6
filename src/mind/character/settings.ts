/** The settings that a character brings along, as ElizaOS's runtime reads them. @module */

import type { Character, RuntimeSettings } from "@elizaos/core";

/** A character's `settings`, `secrets` and `settings.secrets`: those that are plain values, as texts. */
export function settingsOf({ settings = {}, secrets = {} }: Character): RuntimeSettings {
  const all = { ...settings, ...secrets, ...(settings.secrets as object | undefined) };
  const plain = Object.entries(all).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
  return Object.fromEntries(plain.map(([name, value]) => [name, String(value)]));
}

/** Settings of the model in a character file: ElizaOS's plugins look for them there, this agent does not. @module */

import type { Character } from "@elizaos/core";
import { isObject } from "../../json_object.ts";
import { MODEL_SETTINGS } from "./settings.ts";

/** The names of the settings, and the older ones. Of these the core itself reads MODEL_TEMPERATURE in a character. */
const NAMES = new Set(
  Object.entries(MODEL_SETTINGS).flatMap((
    [name, { olderNames = [], fallbackNames = [] }]: [string, {
      olderNames?: readonly string[];
      fallbackNames?: readonly string[];
    }],
  ) => [name, ...olderNames, ...fallbackNames]).filter((name) => name !== "MODEL_TEMPERATURE"),
);

/**
 * Where a character sets what this agent reads from its own settings alone: whoever may write a character should not
 * thereby say where questions go.
 */
export function unreadSettings({ settings, secrets }: Pick<Character, "settings" | "secrets">): string[] {
  const places = { settings, "settings.secrets": settings?.secrets, secrets };
  return Object.entries(places).flatMap(([place, values]) =>
    isObject(values) ? Object.keys(values).filter((name) => NAMES.has(name)).map((name) => `${place}.${name}`) : []
  );
}

/** The settings in force, in a form that everybody may see and compare: it has no secret, and no hash of one. @module */

import { createHash } from "node:crypto";
import { OTEL_PREFIX } from "../status/otlp_settings.ts";
import { FROM_DSTACK } from "./state_key.ts";
import { readSettings, SETTING_ROWS, type Settings } from "./settings.ts";

/** Settings with their values, by name; those without a value are left out. */
export type EffectiveSettings = Readonly<Record<string, string | number | boolean>>;

/**
 * Every setting that has a value, in the order of their names. A secret is `"set"`; a URL is shown with its user name and
 * password, and its query, as `***` where it has any, since these are often secrets.
 */
export function effectiveSettings(settings: Settings): EffectiveSettings {
  const effective: Record<string, string | number | boolean> = {};
  for (const { name, secret } of SETTING_ROWS.toSorted((a, b) => a.name < b.name ? -1 : 1)) {
    const value = settings[name];
    if (value === undefined) continue;
    const urls = [value].flat().filter((part) => part instanceof URL);
    if (urls.length > 0) effective[name] = urls.map(shownUrl).join(",");
    else if (value === FROM_DSTACK) effective[name] = value;
    else if (secret || value instanceof Uint8Array) effective[name] = "set";
    else effective[name] = typeof value === "object" ? JSON.stringify(value) : value;
  }
  return effective;
}

/** The effective settings that differ from their defaults. */
export function changedSettings(effective: EffectiveSettings): EffectiveSettings {
  const defaults = effectiveSettings(readSettings(() => undefined));
  return Object.fromEntries(Object.entries(effective).filter(([name, value]) => value !== defaults[name]));
}

/** What settings begin with that count whatever server and model are chosen. */
const OF_EVERY_AGENT = ["AGENT_", OTEL_PREFIX];

/**
 * Names of changed settings that nothing asks for, such as `WEBSOCKET_URL` while events come from a file: all that begin
 * like an address of a server or model which the others do not choose. As a sentence; undefined if there are none.
 */
export function settingsWithoutEffect(changed: EffectiveSettings, settings: Settings): string | undefined {
  const isUsed = new Map<string, boolean>();
  for (const { name, connects } of SETTING_ROWS) {
    if (connects === undefined || OF_EVERY_AGENT.includes(prefixOf(name))) continue;
    isUsed.set(prefixOf(name), connects.when(settings) || isUsed.get(prefixOf(name)) === true);
  }
  const idle = Object.keys(changed).filter((name) => isUsed.get(prefixOf(name)) === false);
  if (idle.length === 0) return undefined;
  const { EVENT_TRANSPORT: transport, MODEL_PROVIDER: provider } = settings;
  return `${idle.join(", ")}: without effect, since EVENT_TRANSPORT is ${transport} and MODEL_PROVIDER is ${provider}`;
}

function prefixOf(name: string): string {
  return name.slice(0, name.indexOf("_") + 1);
}

/**
 * The effective settings as one text: JSON after RFC 8785, with names in ascending order and no blanks. Anybody who knows
 * the settings can compute it, and its hash.
 */
export function canonicalText(effective: EffectiveSettings): string {
  return JSON.stringify(effective);
}

/** SHA-256 of the canonical text in UTF-8, in lower-case hexadecimal digits. */
export function settingsDigest(effective: EffectiveSettings): string {
  return createHash("sha256").update(canonicalText(effective)).digest("hex");
}

function shownUrl(url: URL): string {
  const credentials = url.username || url.password ? "***@" : "";
  const query = url.search ? "?***" : "";
  return `${url.protocol}//${credentials}${url.host}${url.pathname}${query}`;
}

/** Reads the settings and checks them all at once. The help, `.env.example` and the README's table come from here too. @module */

import { parseEnvFile } from "../settings/env_file.ts";
import { mayAccess, placesFor } from "../settings/confinement.ts";
import { EXIT, FatalError } from "../errors.ts";
import { HOST_VARIABLES } from "../tee/host_variables.ts";
import { IEXEC_VARIABLES, iexecSecrets } from "../iexec/environment.ts";
import { peersOf, plaintextProblems } from "../settings/peers.ts";
import { type Setting, SETTINGS } from "../settings/definition.ts";

/** Name of a setting: that of its environment variable. */
export type SettingName = keyof typeof SETTINGS;
/** The value of every setting, checked. */
export type Settings = {
  readonly [Name in SettingName]: typeof SETTINGS[Name] extends Setting<infer Value> ? Value : never;
};
/** One row of the table, for the help and the documents. */
export interface SettingRow extends Pick<Setting, "meaning" | "expected" | "secret" | "environmentOnly"> {
  readonly name: SettingName;
  /** The default as it is, or described. */
  readonly default: string;
}

const DEFINITIONS = Object.entries(SETTINGS) as [SettingName, Setting][];

/** The table, a row for each setting. */
export const SETTING_ROWS: readonly SettingRow[] = DEFINITIONS.map(([name, definition]) => ({
  name,
  meaning: definition.meaning,
  expected: definition.expected,
  ...(definition.secret && { secret: true }),
  ...(definition.environmentOnly && { environmentOnly: true }),
  default: definition.defaultText ?? (typeof definition.default === "string" ? `\`${definition.default}\`` : "none"),
}));

/** Every variable of the environment that the agent reads; `*` stands for any ending. */
export const VARIABLES: readonly string[] = [
  ...Object.keys(SETTINGS),
  ...IEXEC_VARIABLES,
  ...Object.keys(HOST_VARIABLES),
];

/**
 * Check every setting. An empty text counts as not set; iExec's secrets win over the environment, and that over the
 * `.env` file.
 *
 * @param environment Value of an environment variable.
 * @param file Text of the `.env` file, if there is one.
 * @param options `inTee`: whether the rules for a TEE apply; default false.
 * @throws {FatalError} Naming every wrong setting at once.
 */
export function readSettings(
  environment: (name: string) => string | undefined,
  file?: string,
  { inTee = false }: { inTee?: boolean } = {},
): Settings {
  const fromFile = file === undefined ? {} : parseEnvFile(file, environment);
  const secrets = iexecSecrets(environment);
  const given = (name: string): string | undefined =>
    secrets.get(name) || environment(name) || fromFile[name] || undefined;
  const problems: string[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const [name, definition] of DEFINITIONS) {
    const { check, isOptional, expected, secret, environmentOnly } = definition;
    if (environmentOnly && fromFile[name]) {
      problems.push(`${name}: decides which file is read, so it can't stand in one: set it in the environment`);
    }
    const raw = given(name) ??
      (typeof definition.default === "function" ? definition.default(given) : definition.default);
    const value = raw === undefined ? undefined : check(raw);
    if (value !== undefined || (raw === undefined && isOptional)) values[name] = value;
    else problems.push(`${name}: expected ${expected}, got ${secret ? "something else" : JSON.stringify(raw)}`);
  }
  const settings = values as Settings;
  const { EVENT_TRANSPORT: transport, USE_WEBSOCKET: useWebSocket } = settings;
  if (transport && useWebSocket !== undefined && useWebSocket !== (transport === "websocket")) {
    problems.push(
      `EVENT_TRANSPORT=${transport} and USE_WEBSOCKET=${useWebSocket} contradict each other: remove one of them`,
    );
  }
  if (inTee && settings.LOG_CONTENT) {
    problems.push("LOG_CONTENT: in a TEE the host reads the log: leave it out");
  }
  if (
    settings.MODEL_PROVIDER === "openai" && settings.OPENAI_BASE_URL?.host === "api.openai.com" &&
    !given("OPENAI_API_KEY")
  ) {
    problems.push("OPENAI_API_KEY: expected a key, since MODEL_PROVIDER=openai asks api.openai.com, got nothing");
  }
  problems.push(...plaintextProblems(peersOf(settings), { inTee }));
  throwAll(problems);
  return settings;
}

/**
 * Check that the program may go where the settings lead: an executable is confined when it is compiled.
 *
 * @throws {FatalError} Naming every setting that leads elsewhere.
 */
export function checkConfinement(settings: Settings): void {
  const problems: string[] = [];
  for (const [name, { access }] of DEFINITIONS) {
    const path = settings[name];
    if (access && typeof path === "string" && !mayAccess(access, path)) {
      problems.push(`${name}: expected ${placesFor(access)}, got ${JSON.stringify(path)}`);
    }
  }
  for (const { setting, url } of peersOf(settings)) {
    if (Deno.permissions.querySync({ name: "net", host: hostOf(url) }).state !== "granted") {
      problems.push(
        `${setting}: expected a host that AGENT_ALLOW_NET named when the executable was compiled, got ${url.host}`,
      );
    }
  }
  throwAll(problems);
}

function throwAll(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const what = problems.length === 1 ? "A setting is wrong" : `${problems.length} settings are wrong`;
  throw new FatalError(`${what}. Correct and start again:\n  ${problems.join("\n  ")}`, EXIT.settings);
}

/** Host and port, which a URL leaves out where it is its protocol's. */
function hostOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (/^(wss|https):$/.test(protocol) ? 443 : 80)}`;
}

/** Names in a `.env` file that look like settings of ours but are none: most likely misspelt. */
export function unknownNames(environment: (name: string) => string | undefined, file: string): string[] {
  return Object.keys(parseEnvFile(file, environment)).filter((name) =>
    /^(AGENT_|EVENT_|LOG_|MODEL_|OLLAMA_|OPENAI_|WEBSOCKET_|USE_WEBSOCKET)/.test(name) && !(name in SETTINGS)
  );
}

/** A URL that may be shown: user name, password and query often carry secrets. */
export function publicUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname === "/" ? "" : url.pathname}`;
}

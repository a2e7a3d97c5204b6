/** Reads the settings of a table and checks them all at once. @module */

import type { Environment } from "../environment.ts";
import { EXIT, FatalError } from "../errors.ts";
import { type Access, mayAccess, realPathOf } from "../files.ts";
import { iexecSecrets } from "../iexec/environment.ts";
import { decodePart, hostOf } from "../urls.ts";
import { placesFor } from "./confinement.ts";
import type { SettingsTable, SettingValues, ValuesOf } from "./definition.ts";
import { parseEnvFile } from "./env_file.ts";
import { misspeltVariables, unknownNames } from "./misspelt.ts";
import { peersOf, plaintextProblems } from "./peers.ts";
import { needsRelay } from "./proxy.ts";
import { repeatedNames, strayLines } from "./stray_lines.ts";

/**
 * Check every setting of a table. An empty text counts as not set; iExec's secrets win over the environment, and that
 * over the `.env` file.
 *
 * @param sources `file`: text of the `.env` file, if there is one; `inTee`: whether the rules for a TEE apply; `variables`:
 * names of those that are set, to point out misspelt ones beside what is wrong; default none.
 * @throws {FatalError} Naming every wrong setting at once.
 */
export function readTable<Table extends SettingsTable>(
  table: Table,
  { environment, file, inTee, variables = [] }: {
    environment: Environment;
    file: string | undefined;
    inTee: boolean;
    variables?: readonly string[];
  },
): ValuesOf<Table> {
  const fromFile = file === undefined ? {} : parseEnvFile(file, environment);
  const written = writtenValues(table, environment, fromFile);
  const given = (name: string) => withoutLineBreak(written(name) ?? "") || undefined;
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const wrong = new Set<string>();
  for (const [name, row] of rowsOf(table)) {
    const { check, isOptional, expected, secret, environmentOnly, hint, default: fallback, olderNames = [] } = row;
    if (environmentOnly && fromFile[name]) {
      problems.push(`${name}: decides which file is read, so it can't stand in one: set it in the environment`);
    }
    const older = olderNames.find((one) => given(one) !== undefined);
    const raw = given(name) ?? (older && given(older)) ??
      (typeof fallback === "function" ? fallback(given, { inTee }) : fallback);
    const value = raw === undefined ? undefined : check(raw);
    if (row.access && CONTENT.test(raw ?? "")) {
      wrong.add(name);
      problems.push(`${name}: expected a path, got what probably stands in the file: name the file`);
    } else if (value !== undefined || (raw === undefined && isOptional)) values[name] = value;
    else {
      wrong.add(name);
      const oddity = secret ? oddityOf(raw ?? "") : undefined;
      const got = secret ? `something else${oddity ? `, ${oddity}` : ""}` : JSON.stringify(raw);
      const said = given(name) === undefined && older ? older : name;
      const question = raw === undefined ? undefined : hint?.(raw);
      problems.push(`${said}: expected ${expected}, got ${got}${question === undefined ? "" : `: ${question}`}`);
    }
    if (older && given(name) !== undefined && !isSame(value, check(given(older) ?? ""))) {
      problems.push(`${name} and ${older} contradict each other: remove ${older}, its older spelling`);
    }
  }
  for (const [name, { conflict }] of rowsOf(table)) {
    const problem = wrong.has(name) ? undefined : conflict?.(values, { inTee });
    if (problem !== undefined) problems.push(problem);
  }
  problems.push(...plaintextProblems(peersOf(table, values), { inTee }));
  if (problems.length === 0) return values as ValuesOf<Table>;
  const misspelt = [...unknownNames(table, environment, file ?? ""), ...misspeltVariables(table, variables)];
  const stray = strayLines(file ?? "");
  throw wrongSettings(problems, [
    ...misspelt.flatMap(({ name, meant }) => meant ? [`${name} is no setting: is ${meant} meant?`] : []),
    ...stray === undefined ? [] : [stray],
  ]);
}

/**
 * Settings whose values probably contain something that does not belong to them, as sentences that begin with the
 * setting's name. They show nothing of the value.
 */
export function oddities(table: SettingsTable, environment: Environment, file: string | undefined): string[] {
  const written = writtenValues(table, environment, file === undefined ? {} : parseEnvFile(file, environment));
  const odd = rowsOf(table).flatMap(([name, { secret }]) => {
    const value = written(name) ?? "", kept = withoutLineBreak(value);
    if (secret && value !== kept) return [`${name} ends with a line break (a newline), which was left out`];
    const oddity = oddityOf(kept);
    return oddity ? [`${name} came ${oddity}, used as it is: take that away unless it belongs to the value`] : [];
  });
  const cut = [...(file ?? "").matchAll(CUT_AT_HASH)].map(([, name]) => name!).filter((name) => name in table);
  const repeated = repeatedNames(file ?? "").filter((name) => name in table);
  return [
    ...odd,
    ...repeated.map((name) => `${name} is set more than once in the file: the last value counts`),
    ...cut.map((name) => `${name} is cut off at a # in the file: put the value in quotes to keep the rest`),
  ];
}

/** A key, a certificate or a seed of NATS in the place of its file's path: to show it as a wrong path would give it away. */
const CONTENT = /-----BEGIN |^S[A-Z][A-Z2-7]{56}$/;

/** An unquoted value in a `.env` file with a `#` in it: @std/dotenv takes the rest for a comment. */
const CUT_AT_HASH = /^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*(?!["'`])[^\s#]+#\S/gm;

/** Looks a value up as it was written: in iExec's secrets first, then the environment, then the file. */
function writtenValues(
  table: SettingsTable,
  environment: Environment,
  fromFile: Readonly<Record<string, string>>,
): (name: string) => string | undefined {
  const secrets = iexecSecrets(environment, requesterSecretsOf(table));
  return (name) => secrets.get(name) || environment(name) || fromFile[name] || undefined;
}

/** Files that hold a secret often end with a line break that is not part of it. */
function withoutLineBreak(value: string): string {
  return value.replace(/[\r\n]+$/, "");
}

function oddityOf(value: string): string | undefined {
  // Docker's --env-file leaves quotes around a value and a comment behind it where they are.
  if (/^(["'`]).*\1$/s.test(value)) return "with quotes around it";
  if (value !== value.trim()) return "with blanks around it";
  if (/\s#/.test(value)) return "with a # and words behind it";
  return /^["'`“”]|["'`“”]$/.test(value) ? "with a quote at one end" : undefined;
}

/**
 * Check that the program may go where the settings lead: an executable is confined when it is compiled.
 *
 * @throws {FatalError} Naming every setting that leads elsewhere.
 */
export function checkConfinement(table: SettingsTable, values: SettingValues): void {
  const problems: string[] = [];
  for (const [name, { access }] of rowsOf(table)) {
    const path = values[name];
    const problem = access && typeof path === "string" ? wayOut(access, path) : undefined;
    if (access && problem) problems.push(`${name}: expected ${placesFor(access)}, got ${problem}`);
  }
  for (const { setting, url } of peersOf(table, values)) {
    const path = url.protocol === "unix:" ? decodePart(url.pathname) : undefined;
    if (path !== undefined && (!mayAccess("write", path) || !mayAccess("read", path))) {
      problems.push(`${setting}: expected ${placesFor("write")}, got ${JSON.stringify(path)}`);
    } else if (needsRelay(url)) {
      if (Deno.permissions.querySync({ name: "net" }).state === "granted") continue;
      problems.push(
        `${setting}: an executable that was compiled with AGENT_ALLOW_NET may not listen, as this proxy needs it: expected an http:// or socks5:// URL`,
      );
    } else if (Deno.permissions.querySync({ name: "net", host: hostOf(url) }).state !== "granted") {
      problems.push(
        `${setting}: expected a host that AGENT_ALLOW_NET named when the executable was compiled, got ${hostOf(url)}`,
      );
    }
  }
  if (problems.length > 0) throw wrongSettings(problems);
}

/** How a path, or a link in it, leads out of what the program may access; undefined if it does not. */
function wayOut(access: Access, path: string): string | undefined {
  const shown = JSON.stringify(path);
  if (!mayAccess(access, path)) return shown;
  try {
    const real = realPathOf(path);
    return mayAccess(access, real) ? undefined : `${shown}, which leads to ${JSON.stringify(real)} by a link`;
  } catch {
    // The path can't be resolved, for example because of circular links: the code that uses it reports that.
    return undefined;
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || (one instanceof URL && other instanceof URL && one.href === other.href);
}

function rowsOf(table: SettingsTable) {
  return Object.entries(table);
}

function requesterSecretsOf(table: SettingsTable): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const [name, { requesterSecret }] of rowsOf(table)) {
    if (requesterSecret !== undefined) numbers.set(name, requesterSecret);
  }
  return numbers;
}

/** `hints`: what may have caused the problems. */
function wrongSettings(problems: readonly string[], hints: readonly string[] = []): FatalError {
  const what = problems.length === 1 ? "A setting is wrong" : `${problems.length} settings are wrong`;
  return new FatalError(
    `${what}. Correct and start again:\n  ${[...problems, ...hints].join("\n  ")}`,
    EXIT.settings,
  );
}

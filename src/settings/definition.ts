/** How a setting is declared: one row that says all there is to say of it. @module */

import { type Check, MAX_TIMER_MS } from "./checks.ts";
import type { Access } from "../files.ts";

/** One setting, as the operator writes it. */
export interface Setting<T = unknown> {
  /** What it means, with its unit: one sentence. */
  readonly meaning: string;
  /** What a value must be, as a phrase after "expected". */
  readonly expected: string;
  readonly check: Check<T>;
  /** What a wrong value was most likely meant to be, as a question; it must not quote the value of a secret. */
  readonly hint?: (given: string) => string | undefined;
  /** Whether it may be absent. */
  readonly isOptional?: boolean;
  /** The text used when the setting is absent; a function where it depends on other settings or on the place. Absent: no default. */
  readonly default?:
    | string
    | ((
      given: (name: string) => string | undefined,
      surroundings: { readonly inTee: boolean },
    ) => string | undefined);
  /** Other spellings of its name, the first that is set counts; one that contradicts the setting itself is an error. */
  readonly olderNames?: readonly string[];
  /** Names of variables that a computed default reads and that are no settings of their own. */
  readonly fallbackNames?: readonly string[];
  /** How a computed default is described. */
  readonly defaultText?: string;
  /** Whether its value must appear in no message. */
  readonly secret?: boolean;
  /** What a path is used for. */
  readonly access?: Access;
  /** Whether only the environment may set it, because it decides which file is read. */
  readonly environmentOnly?: boolean;
  /** Number of the iExec requester's secret (IEXEC_REQUESTER_SECRET_n) that may hold it. */
  readonly requesterSecret?: number;
  /** Who sets it, if not the operator; then `.env.example` leaves it out. */
  readonly setBy?: "iExec";
  /** For a URL that the agent connects to. */
  readonly connects?: Connection;
  /** Why a value that passed its check can't be used beside the others: one line that names the settings. */
  readonly conflict?: (values: SettingValues, surroundings: { readonly inTee: boolean }) => string | undefined;
}

/** Whom a setting makes the agent connect to. */
export interface Connection {
  /** Whether it does, by the other settings. */
  readonly when: (values: SettingValues) => boolean;
  /** Settings whose values are sent there in confidence. */
  readonly secrets?: readonly string[];
  /** Whether it only passes on what is encrypted for somebody else: then its own user name and password alone count. */
  readonly isRelay?: boolean;
}

/** Settings by the names of their environment variables. */
export type SettingsTable = Readonly<Record<string, Setting>>;

/** The checked values of any table; an absent or wrong setting has none. */
export type SettingValues = Readonly<Record<string, unknown>>;

/** The checked values of a table, each with the type that its check gives. */
export type ValuesOf<Table extends SettingsTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : never;
};

/** What a setting of `true` or `false` expects. */
export const FLAG = "true or false";

/** What a setting in milliseconds expects, whose check is `duration`. */
export function milliseconds(least: number): string {
  return `a whole number of milliseconds from ${least} to ${MAX_TIMER_MS}, or a duration such as 90s or 1h30m`;
}

/** Declares a setting that always has a value. */
export function setting<T>(definition: Setting<T>): Setting<T> {
  return definition;
}

/** Declares a setting that may be absent. */
export function optional<T>(definition: Setting<T>): Setting<T | undefined> {
  return { ...definition, isOptional: true };
}

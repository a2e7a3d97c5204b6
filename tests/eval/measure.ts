/** Sets of questions for the built-in character, and how well they are answered. @module */

import type { IAgentRuntime } from "@elizaos/core";
import { silentLog } from "../../src/log.ts";
import { loadCharacter } from "../../src/mind/character/character.ts";
import { buildKnowledge, type Knowledge, type Passage } from "../../src/mind/knowledge/search.ts";
import { embeddedModel } from "../../src/mind/models/embedded.ts";
import type { AnswerReport } from "../../src/mind/models/model.ts";

/**
 * A question, and what is right: a `first` passage that holds one of these texts; `both` of these among the passages of
 * the answer; a first passage that matches all patterns of `says`; a `courtesy`; or that it is `declined`.
 */
export interface Entry {
  readonly question: string;
  readonly language?: string;
  /** Questions asked before it in the same conversation, oldest first. */
  readonly before?: readonly string[];
  readonly first?: readonly string[];
  readonly both?: readonly string[];
  readonly says?: readonly string[];
  readonly courtesy?: string;
  readonly declined?: boolean;
}

/** A set of questions. */
export interface QuestionSet {
  readonly name: string;
  readonly entries: readonly Entry[];
}

/** How many questions of a set came out right. */
export interface Figures {
  readonly answerable: number;
  readonly right: number;
  readonly unknowable: number;
  readonly declined: number;
  /** Of the questions that need a passage: for how many the right one is among those that any model is shown. */
  readonly lookedUp: number;
  readonly shown: number;
  /** Of the questions that can't be known: for how many a model is shown no passage. */
  readonly nothing: number;
}

/** The sets in files, or all that are kept. */
export async function readSets(paths: readonly string[]): Promise<QuestionSet[]> {
  const folder = new URL("./sets/", import.meta.url);
  const kept = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort().map((name) => new URL(name, folder));
  const files = paths.length > 0 ? paths : kept;
  return await Promise.all(files.map(async (file) => ({
    name: String(file).replace(/^.*\//, "").replace(/\.json$/, ""),
    entries: JSON.parse(await Deno.readTextFile(file)) as Entry[],
  })));
}

/** An answer of the embedded model. */
export interface Answer {
  readonly text: string;
  /** The passages that make it up. */
  readonly drawn: readonly Passage[];
  /** The passages that any model is shown. */
  readonly shown: readonly Passage[];
  readonly declined: boolean;
}

/** Who is asked. */
export interface Subject {
  readonly knowledge: Knowledge;
  ask(question: string, before?: readonly string[]): Promise<Answer>;
}

/** Passages that a model gets to see. */
const SHOWN = 5;

/** The built-in character with the embedded model, asked as the runtime asks it. */
export async function openSubject(): Promise<Subject> {
  const { character, texts, synonyms = [], translations = {} } = await loadCharacter(undefined, silentLog);
  const knowledge = buildKnowledge(texts, { name: character.name, synonyms });
  const answer = async (question: string, exchanges: readonly { question: string; answer: string }[]) => {
    const asked = knowledge.read(question, exchanges);
    const shown = knowledge.search(asked, SHOWN);
    let told: AnswerReport = {};
    const request = {
      prompt: "not looked at",
      question,
      asked,
      passages: shown,
      speaker: { ...character, ...translations[asked.language] },
      report: (report: AnswerReport) => told = report,
    };
    // The model needs nothing of a runtime but the character.
    const text = String(await embeddedModel.models?.TEXT_LARGE?.({ character } as IAgentRuntime, request));
    const { drawn = [], isDeclined: declined = false } = told;
    return { text, drawn, shown, declined };
  };
  return {
    knowledge,
    async ask(question, before = []) {
      const exchanges: { question: string; answer: string }[] = [];
      for (const earlier of before) {
        exchanges.push({ question: earlier, answer: (await answer(earlier, exchanges)).text });
      }
      return await answer(question, exchanges);
    },
  };
}

/** Ask all questions of a set. `wrong`: a line for each that came out wrong. */
export async function measure(
  entries: readonly Entry[],
  { ask }: Subject,
): Promise<{ figures: Figures; wrong: string[] }> {
  const counts = { answerable: 0, right: 0, unknowable: 0, declined: 0, lookedUp: 0, shown: 0, nothing: 0 };
  const wrong: string[] = [];
  for (const entry of entries) {
    const answer = await ask(entry.question, entry.before);
    const isRight = judge(entry, answer);
    if (!isRight) wrong.push(`${entry.declined ? "not declined" : "wrong"}: ${entry.question} → ${answer.text}`);
    if (entry.declined) {
      counts.unknowable++;
      if (isRight) counts.declined++;
      if (answer.shown.length === 0) counts.nothing++;
    } else {
      counts.answerable++;
      if (isRight) counts.right++;
      if (entry.courtesy !== undefined) continue;
      counts.lookedUp++;
      if (isAmong(entry, answer.shown)) counts.shown++;
    }
  }
  return { figures: counts, wrong };
}

function judge(entry: Entry, { drawn, declined }: Answer): boolean {
  if (entry.declined) return declined;
  if (entry.courtesy !== undefined) return !declined && drawn.length === 0;
  return entry.both ? isAmong(entry, drawn) : drawn[0] !== undefined && fits(entry, drawn[0].text);
}

function isAmong(entry: Entry, passages: readonly Passage[]): boolean {
  if (entry.both) return entry.both.every((text) => passages.some((passage) => holds(passage.text, text)));
  return passages.some(({ text }) => fits(entry, text));
}

function fits({ first, says }: Entry, text: string): boolean {
  if (says) return says.every((pattern) => new RegExp(pattern).test(text));
  return first?.some((expected) => holds(text, expected)) ?? false;
}

function holds(text: string, expected: string): boolean {
  return text.includes(expected) || TRANSLATED.some(([it, en]) => text.startsWith(it) && expected.includes(en));
}

/** The Italian passages of the built-in character, by how they begin, and the English ones that say the same. */
const TRANSLATED: readonly (readonly [string, string])[] = [
  ["iExec è una piattaforma decent", "iExec is a decentralized platform"],
  ["RLC è il token di iExec; la si", "RLC is the token of iExec"],
  ["L'offerta totale di RLC è limi", "supply of RLC is capped"],
  ["RLC si può comprare sugli exch", "RLC can be bought"],
  ["Per le prove, il faucet di iEx", "iExec faucet"],
  ["Un'esecuzione su iExec costa p", "What an execution costs"],
  ["iExec gira su Arbitrum One, un", "iExec runs on Arbitrum One"],
  ["Un voucher è credito prepagato", "A voucher is prepaid credit"],
  ["Un TEE, un ambiente di esecuzi", "A TEE, a trusted execution"],
  ["L'attestazione è il modo in cu", "Attestation is how"],
  ["I dati protetti sono dati cifr", "Protected data is data encrypted"],
  ["Un'iApp è un'applicazione impa", "An iApp is an application"],
  ["Un workerpool è un gruppo di c", "A workerpool is a group"],
  ["Web3Mail permette di mandare u", "Web3Mail lets you"],
];

/** The mind: an ElizaOS AgentRuntime for one character, asked one event at a time. @module */

import type { AgentRuntime, Character, Plugin, RuntimeSettings, UUID } from "@elizaos/core";
import { type Clock, firstOf, untilAborted } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Memories } from "../memory/memory.ts";
import type { MindObserver } from "../observer.ts";
import type { AgentEvent } from "../wire.ts";
import type { LoadedCharacter } from "./character/character.ts";
import type { Translation } from "./character/own_words.ts";
import { settingsOf } from "./character/settings.ts";
import { composeContext, contextProvider, searchKnown, systemText } from "./context.ts";
import { type Conversations, openConversations } from "./conversations.ts";
import { bridgeLogger, loadCore } from "./core_log.ts";
import { type Knowable, openKnown } from "./knowledge/known.ts";
import type { KnowledgeStore } from "./knowledge/store.ts";
import { createMarks, type Marks } from "./marks.ts";
import type { Passage } from "./knowledge/search.ts";
import type { AnswerFacts, Answering, Mind, Reply } from "./mind.ts";
import { ModelError } from "./model_error.ts";
import { checkAskable } from "./models/limits.ts";
import type { AnswerReport, ModelRequest } from "./models/model.ts";
import type { ModelOptions } from "./models/options.ts";
import type { Speaker } from "./models/courtesies.ts";
import { openModel } from "./models/providers.ts";
import { createRehearsal } from "./rehearsal.ts";

/** A mind that can be told what it knows from now on. */
export interface LearningMind extends Mind {
  /** Whether its knowledge is being indexed for the first time: questions wait until that is done. */
  readonly isIndexing: boolean;
  /** Know what `character` knows, with its words for it; who the agent is stays as it was. */
  learn(character: LoadedCharacter): void;
  /** Hold nothing of any conversation any more: some of it was deleted. The rest is read back when it is needed. */
  release(): void;
  /** Search the knowledge soon, unless a question comes first: see {@linkcode createRehearsal}. */
  rehearse(): void;
}

/**
 * Start an agent.
 *
 * @param options `character`: from `loadCharacter`; `adapter`: where that character's `agentId` remembers; `store`: where
 * the index of its knowledge is kept; `hide`: see `Seal.hide`; `model`: a provider, or the plugin of one; `log`: where the core's warnings go,
 * those of the whole process from here on; `observer`: told how much is known.
 * @throws {FatalError} If the character sets a limit that no model can have.
 */
export async function openMind(options: {
  character: LoadedCharacter;
  adapter: Memories;
  store: KnowledgeStore;
  hide: (id: UUID) => UUID;
  model: ModelOptions | Plugin;
  log: Log;
  clock: Clock;
  observer?: MindObserver | undefined;
}): Promise<LearningMind> {
  const { adapter, store, hide, model, log, clock, observer } = options;
  const { character, agentId, translations } = options.character;
  const core = await loadCore(), logger = bridgeLogger(log);
  Object.assign(core.logger, logger);

  const { persona, settings } = splitSettings(character);
  const runtime = new core.AgentRuntime({ character: { ...persona, id: agentId }, adapter, settings });
  runtime.logger = logger;
  const conversations = openConversations({ agentId, exchanges: adapter.exchanges, clock, hide });
  const system = systemText(character);
  const known = openKnown(knowableFrom(options.character), { store, log, clock, observer });
  await runtime.registerPlugin({
    name: "mind",
    description: "Character, conversation and knowledge",
    providers: [contextProvider({ recall: conversations.recall, known })],
  });
  await runtime.registerPlugin("provider" in model ? await openModel(model) : model);
  await runtime.initialize();
  if (runtime.getModel("TEXT_EMBEDDING")) {
    const embed = (text: string) => runtime.useModel("TEXT_EMBEDDING", { text });
    known.embedWith({ embed, model: embeddingName(model) });
  }
  await checkAskable(model, { system, get: (name) => runtime.getSetting(name) });
  rememberSettings(runtime);
  const marks = createMarks(runtime), named = namesOf(model);
  const parts: AnsweringParts = { runtime, conversations, system, translations, marks, named };
  const rehearsal = createRehearsal({ rehearse: () => searchKnown(known, `What is ${character.name}?`), clock });
  return {
    agentId,
    get isIndexing() {
      return known.indexing !== undefined;
    },
    learn(changed) {
      known.replace(knowableFrom(changed));
      parts.translations = changed.translations;
    },
    release: conversations.release,
    rehearse: rehearsal.begin,
    async answer(event, signal, how = {}) {
      rehearsal.asked();
      if (known.indexing) await untilIndexed(known.indexing, signal, how);
      return await unlessAborted(signal, () => answer(parts, event, signal, how));
    },
    async [Symbol.asyncDispose]() {
      rehearsal[Symbol.dispose]();
      known[Symbol.dispose]();
      await runtime.stop();
    },
  };
}

/** What a character knows, and its words for it. */
function knowableFrom({ character, texts, synonyms }: LoadedCharacter): Knowable {
  return { name: character.name, texts, synonyms };
}

/** The character as it speaks of itself, in another language where it has words in it. */
function speakerFrom({ name, bio, topics = [] }: Character, translation: Translation = {}): Speaker {
  return { name, bio, topics, ...translation };
}

/** What names the model that makes embeddings: those of another one must not be taken for its own. */
function embeddingName(model: ModelOptions | Plugin): string {
  if (!("provider" in model)) return model.name;
  const named = "embeddingModel" in model ? `${model.provider} ${model.embeddingModel}` : model.provider;
  const dimensions = "embeddingDimensions" in model ? model.embeddingDimensions : undefined;
  return dimensions === undefined ? named : `${named} ${dimensions}`;
}

/** The model and its provider, as answers tell them; nothing for one that is built in or handed over. */
function namesOf(model: ModelOptions | Plugin): Pick<AnswerFacts, "model" | "provider"> {
  return "model" in model ? { model: model.model, provider: model.provider } : {};
}

/** Let other events be worked on until the knowledge is indexed, or until `signal` aborts. */
async function untilIndexed(indexing: Promise<void>, signal: AbortSignal, { rest = (wait) => wait() }: Answering) {
  await rest(() => Promise.race([indexing, untilAborted(signal)]));
  signal.throwIfAborted();
}

/** What an answer is made with. */
interface AnsweringParts {
  readonly runtime: AgentRuntime;
  readonly conversations: Conversations;
  readonly system: string;
  translations: LoadedCharacter["translations"];
  readonly marks: Marks;
  readonly named: Pick<AnswerFacts, "model" | "provider">;
}

async function answer(
  parts: AnsweringParts,
  event: AgentEvent,
  signal: AbortSignal,
  { writer, begun = () => {}, isWanted = () => true, unwanted, observer }: Answering,
): Promise<Reply> {
  const { runtime, conversations, system, translations, marks, named } = parts;
  signal.throwIfAborted();
  const message = conversations.messageFrom(event);
  const { recalled, asked, passages, text: context } = await composeContext(runtime, message, { system, observer });
  const { exchanges, answered } = recalled;
  if (answered) return answered;
  let report: AnswerReport = {}, hasWritten = false;
  using either = unwanted && named.provider !== undefined ? firstOf(signal, unwanted()) : undefined;
  const startedMs = performance.now();
  const request: ModelRequest = {
    prompt: `${context}\n\n# The question\n${event.query}`,
    system,
    passages,
    exchanges,
    question: event.query,
    asked,
    speaker: speakerFrom(runtime.character, translations[asked.language]),
    mark: passages.length > 0 && named.provider !== undefined ? await marks.of(event.query, passages) : undefined,
    report: (told) => report = told,
    begun,
    ...(observer && { calling: () => observer.calling() }),
    signal: either?.signal ?? signal,
    ...(writer && {
      writer: {
        write(delta) {
          hasWritten = true;
          writer.write(delta);
        },
        restart: () => writer.restart(),
      },
    }),
  };
  // The type promises a text; a provider's plugin may break it.
  const text: unknown = await runtime.useModel("TEXT_LARGE", request);
  signal.throwIfAborted();
  if (typeof text !== "string" || text.trim() === "") {
    throw new ModelError("faulty", "The model gave an empty answer");
  }
  // A model that gives its answer in one piece has written nothing.
  if (!hasWritten) writer?.write(text);
  const { drawn = passages, isDeclined, isCutOff, tokensIn, tokensOut } = report;
  const reply: Writable<Reply> = { text, sources: sourcesOf(drawn), ...named };
  // Field by field: V8 takes longer to spread each one that is there.
  if (tokensIn !== undefined) reply.tokensIn = tokensIn;
  if (tokensOut !== undefined) reply.tokensOut = tokensOut;
  if (named.provider !== undefined) reply.ms = Math.round(performance.now() - startedMs);
  if (isDeclined) reply.declined = true;
  if (isCutOff) reply.cutOff = true;
  if (isWanted()) conversations.remember(message, reply);
  return reply;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** The sources of passages, each once. */
function sourcesOf(passages: readonly Passage[]): string[] {
  const sources: string[] = [];
  for (const { source } of passages) if (!sources.includes(source)) sources.push(source);
  return sources;
}

/** Who is to be told when a signal aborts: a listener for each event would cost 5 µs of it (measured). */
const waitingFor = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>();

/** The result of `work`, which may go on unheard after `signal` aborts. */
function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const waiting = waitingFor.get(signal) ?? new Set();
  if (!waitingFor.has(signal)) {
    waitingFor.set(signal, waiting);
    signal.addEventListener("abort", () => waiting.forEach((tell) => tell(signal.reason)), { once: true });
  }
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    const end = () => waiting.delete(reject);
    work().then((result) => {
      end();
      resolve(result);
    }, (error) => {
      end();
      reject(error);
    });
  });
}

/**
 * The core puts together the settings of a model for each call of it, from some twenty names, which took 6 of its 17 µs
 * (measured). They are fixed once the runtime has started, but for `setSetting`.
 */
function rememberSettings(runtime: AgentRuntime): void {
  // Private to TypeScript; useModel copies what it returns.
  const inner = runtime as unknown as { getModelSettings(modelType: string): object | null };
  const known = new Map<string, object | null>();
  const { getModelSettings } = inner, { setSetting } = runtime;
  inner.getModelSettings = (modelType) => {
    let settings = known.get(modelType);
    if (settings === undefined) known.set(modelType, settings = getModelSettings.call(runtime, modelType));
    return settings;
  };
  runtime.setSetting = (...setting) => {
    known.clear();
    setSetting.apply(runtime, setting);
  };
}

/**
 * What the core stores of a character, and what it must not: it writes the character into the database as it is, and
 * what was there once comes back into every later start. So settings and secrets go in beside it, and the knowledge,
 * which is ours to index, stays out.
 */
function splitSettings(character: Character): { persona: Character; settings: RuntimeSettings } {
  const { settings: _settings, secrets: _secrets, knowledge: _knowledge, plugins: _plugins, ...persona } = character;
  return { persona, settings: settingsOf(character) };
}

/** The program that answers events: it is built from the settings, run and closed here. @module */

import type { Plugin } from "@elizaos/core";
import { runAgent } from "../agent/agent.ts";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { limitRepeats } from "../log_limit.ts";
import { loadCharacter, type LoadedCharacter } from "../mind/character/character.ts";
import { followCharacter } from "../mind/character/follow.ts";
import { openKnowledgeStore } from "../mind/knowledge/store.ts";
import type { Database } from "../store/database.ts";
import { makeLogRoomSoon } from "../store/log_room.ts";
import { createSigner, type Signer } from "../proof/signer.ts";
import { type Memories, openMemory } from "../memory/memory.ts";
import { type ModelOptions, modelOptions } from "../mind/models/options.ts";
import type { Mind, Remembered } from "../mind/mind.ts";
import { patient, type PatientMind } from "../mind/patience.ts";
import { type LearningMind, openMind } from "../mind/runtime.ts";
import { checkModelAtStart } from "../mind/models/check.ts";
import type { Observer } from "../observer.ts";
import { createHealth } from "../status/health.ts";
import { keepBesideAnswers, shownTo, startAttestation } from "./attestation.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { healthOf } from "./mind_health.ts";
import { openOutput } from "./output.ts";
import { watchForQuiet } from "./quiet.ts";
import type { Settings } from "./settings.ts";
import { openStatus } from "./status.ts";
import { endRemains, MOST_SCRUBBED_BYTES, openState, type State } from "./state.ts";
import { readStateKey } from "./state_key.ts";
import { watchState } from "./state_watch.ts";
import type { TransportParts } from "../transports/open.ts";
import type { Transport, TransportHooks } from "../transports/transport.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** What the program is built from. */
interface Program {
  readonly settings: Settings;
  readonly log: Log;
  readonly clock: Clock;
  /** The model, or the plugin of one. Default: the one that the settings name. */
  readonly model?: ModelOptions | Plugin;
}

/** Said once: nothing is lost by it. */
const THREAD_LOST =
  "the signing thread does not work: answers are signed in the main thread, which makes bursts slower";

/**
 * Answer the events of a transport until `stop` aborts or there are no more.
 *
 * @param program `followsKnowledge`: read the character's knowledge again when it changes; `inTee`: whether the rules for
 * a TEE apply; `open`: opens the transport; `whenQuiet`: called once, after the first answers, or when no event came;
 * `writesOneFile`: whatever EVENT_OUTPUT_ROTATE says.
 * @returns `unanswered`: how many events have no answer.
 * @throws {FatalError} When it can't go on.
 */
export async function answerEvents(
  program: Program & {
    stop: AbortSignal;
    open: (parts: TransportParts) => Transport;
    inTee: boolean;
    whenQuiet?: () => void;
    followsKnowledge?: boolean;
    writesOneFile?: boolean;
  },
): Promise<{ unanswered: number }> {
  const { settings, log, clock, open, whenQuiet } = program;
  const character = await loadCharacter(settings.AGENT_CHARACTER, log);
  // Also where nothing is signed: the evidence names the key.
  using signer = await startSigner(program);
  const signing = settings.AGENT_SIGN ? signer : undefined;
  using state = openState(settings.AGENT_STATE_DIR, {
    key: await readStateKey(settings, { clock, log }, program.stop),
    takeOver: settings.AGENT_STATE_TAKE_OVER,
    signer: signing,
    log,
    now: clock.now,
  });
  const { database, journal } = state, agentId = settings.AGENT_ID ?? state.agentId;
  using watched = watchOver(database, program);
  const { stop, health } = watched;
  using attesting = await startAttestation({ ...program, agentId, character: character.digest, key: signer }, stop);
  const keepAgain = () => keepBesideAnswers(attesting, settings, { log, isAgain: true });
  const output = { journal, log, now: clock.now, rotates: !program.writesOneFile, onNewFile: keepAgain };
  using publisher = await openOutput(settings, output);
  keepBesideAnswers(attesting, settings, { log });
  const attestation = shownTo(attesting);
  await using status = await openStatus({ settings, state, health, log, clock, stop });
  const { observer } = status;
  const options = await checkModelAtStart(modelOptions(settings), log, stop);
  await using mind = await startMind({ model: options, ...program, character, state, observer });
  const named = underId(agentId, mind);
  health.watch(healthOf(mind, settings));
  const about = { agentId, attestation, log: limitRepeats(log, { now: clock.now }), clock, observer };
  log.info("🚀 Agent started", { name: character.character.name, agent: agentId, transport: settings.EVENT_TRANSPORT });
  const { unanswered } = await runAgent({
    database,
    journal,
    publisher,
    memories: mind.memories,
    scrub: () => endRemains(state, { mostBytes: MOST_SCRUBBED_BYTES }),
    mind: whenQuiet ? watchForQuiet(named, { whenQuiet, clock, signal: stop }) : named,
    openTransport: (hooks) => open({ ...rehearsing(hooks, { mind, signer: signing }), ...about }),
    observer,
    log,
    clock,
    concurrency: settings.AGENT_CONCURRENCY,
    graceMs: settings.AGENT_SHUTDOWN_GRACE,
    retentionMs: settings.AGENT_RETENTION * DAY_MS,
  }, stop);
  // What was answered since the last look is in no state that the next start finds.
  database.checkPlace();
  keepAgain();
  log.info("👋 Agent stopped");
  return { unanswered: unanswered + journal.pendingCount() };
}

/** Signs of life, room for the log of the database, and the end of the program once its state is lost. */
function watchOver(database: Database, { settings, log, clock, stop }: Program & { stop: AbortSignal }) {
  using stack = new DisposableStack();
  const watched = stack.use(watchState(database, { stop }));
  const directory = settings.AGENT_STATE_DIR;
  const heartbeat = stack.use(startHeartbeat(directory, { log, now: clock.now, isInPlace: watched.look }));
  stack.use(makeLogRoomSoon(database.path));
  const health = createHealth();
  health.watch({ isStateWritable: () => heartbeat.isWritable });
  heartbeat.watch(health.overdueMs);
  const held = stack.move();
  return { stop: watched.stop, health, [Symbol.dispose]: () => held.dispose() };
}

/**
 * The same hooks; once the peer can be reached, the mind rehearses while the first event is on its way, and who signs
 * expects many: what waited for the connection comes all at once.
 */
function rehearsing(
  hooks: TransportHooks,
  { mind, signer }: { mind: Pick<LearningMind, "rehearse">; signer: Pick<Signer, "expectLoad"> | undefined },
): TransportHooks {
  return {
    ...hooks,
    onReachable() {
      hooks.onReachable();
      mind.rehearse();
      signer?.expectLoad();
    },
  };
}

function startSigner({ settings, log }: Program) {
  const eip712 = settings.AGENT_SIGNATURES === "jws,eip712";
  return createSigner({ eip712, onThreadLost: () => log.warn(THREAD_LOST) });
}

/** The same mind, answering as the agent `agentId`; its memories stay under the character's id. */
function underId(agentId: string, mind: Mind): Mind {
  return {
    agentId,
    answer: (...question) => mind.answer(...question),
    [Symbol.asyncDispose]: () => mind[Symbol.asyncDispose](),
  };
}

/**
 * The mind over an open database, with the patience that the settings ask for.
 *
 * @param parts `followsKnowledge`: read the character's knowledge again when it changes, as long as the mind is there.
 */
export async function startMind(
  parts: Program & {
    character: LoadedCharacter;
    state: State;
    followsKnowledge?: boolean;
    observer?: Observer | undefined;
  },
): Promise<PatientMind & Pick<LearningMind, "isIndexing" | "rehearse"> & { readonly memories: Remembered }> {
  const { settings, character, log, clock, observer, model = modelOptions(settings) } = parts;
  const { database, journal, seal } = parts.state;
  const adapter = openMemory(database.sqlite, {
    agentId: character.agentId,
    seal,
    clock,
    beforeCommit: database.beforeCommit,
  });
  const store = openKnowledgeStore(database.sqlite, {
    seal,
    committed: () => database.committed({ lazily: true }),
  });
  const mind = await openMind({ character, adapter, store, hide: seal.hide, model, log, clock, observer });
  const following = parts.followsKnowledge ? follow(mind, parts) : undefined;
  const patience = patient(mind, {
    maxWaitMs: settings.MODEL_MAX_WAIT,
    acceptedMs: journal.acceptedMs,
    record: {
      since: journal.outageSince,
      note(sinceMs) {
        journal.setOutageSince(sinceMs);
        database.commit();
      },
    },
    observer,
    log,
    clock,
  });
  return {
    ...patience,
    memories: rememberedBy(mind, { adapter, retentionDays: settings.AGENT_MEMORY_RETENTION, clock }),
    rehearse: mind.rehearse,
    // A spread copies the value of a getter.
    get isDown() {
      return patience.isDown;
    },
    get isIndexing() {
      return mind.isIndexing;
    },
    async [Symbol.asyncDispose]() {
      await following?.[Symbol.asyncDispose]();
      await patience[Symbol.asyncDispose]();
    },
  };
}

/** What a mind remembers: once some of it is deleted, it holds none of it in memory either. */
function rememberedBy(
  mind: Pick<LearningMind, "release">,
  { adapter, retentionDays, clock }: { adapter: Pick<Memories, "forgetting">; retentionDays: number; clock: Clock },
): Remembered {
  const { forgetting } = adapter;
  const releasing = (deleted: number) => {
    if (deleted > 0) mind.release();
    return deleted;
  };
  return {
    lastExchange: forgetting.lastExchange,
    forget(...args) {
      mind.release();
      return forgetting.forget(...args);
    },
    pruneOld({ limit }) {
      if (retentionDays === 0) return 0;
      return releasing(forgetting.pruneOld({ saidBefore: clock.now() - retentionDays * DAY_MS, limit }));
    },
    pruneLong: (options) => releasing(forgetting.pruneLong(options)),
  };
}

/** Have a mind learn what its character's files say whenever they change. */
function follow(
  mind: LearningMind,
  { settings, character, log, clock }: Program & { character: LoadedCharacter },
): AsyncDisposable | undefined {
  const { AGENT_CHARACTER: path, EVENT_POLL_INTERVAL: rescanMs } = settings;
  if (path === undefined) return undefined;
  const ending = new AbortController();
  const onChange = (changed: LoadedCharacter) => mind.learn(changed);
  const followed = followCharacter({ path, character, onChange, rescanMs, log, clock }, ending.signal)
    .catch((error) => log.error("knowledge is not followed any more", { error: messageOf(error) }));
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await followed;
    },
  };
}

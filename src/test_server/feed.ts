/**
 * The messages between the test server and its page, over the page's own WebSocket, as JSON text frames. Types only: a
 * browser has nothing to load.
 *
 * The page's first frame is a {@linkcode FeedAuth}. The server answers with a snapshot, and from then on tells what
 * changes; or it closes with 1008 and the reason `token missing` or `wrong token`. Each command is answered by `done` or
 * `refused`, with its `request` number. A page that reads slowly is told less often, never more than it can take.
 *
 * @module
 */

import type { AgentEvent } from "../wire.ts";

/** Where the server serves it. */
export type FeedPath = "/feed";

/** First frame of the page. `token`: where the server has one. */
export interface FeedAuth {
  readonly type: "auth";
  readonly token?: string;
}

/** How things stand when a page connects. The events follow as updates, first asked first. */
export interface FeedSnapshot {
  readonly type: "snapshot";
  /** `ws://localhost:8080`: what an agent's WEBSOCKET_URL should be. */
  readonly url: string;
  /** The server's clock, in milliseconds since the epoch, as all times here: `Date.now()` of the page may differ. */
  readonly nowMs: number;
  /** Whether each event goes to every agent. */
  readonly broadcast: boolean;
  readonly limits: FeedLimits;
  readonly counts: FeedCounts;
  /** Longest connected first. */
  readonly agents: readonly FeedAgent[];
  readonly figures: FeedFigures;
}

/** A change, after the snapshot. Many changes of one event in a short time come as one, the last. */
export type FeedUpdate =
  /** New, if its `connection` is; changed otherwise. */
  | { readonly type: "agent"; readonly agent: FeedAgent }
  | { readonly type: "agent_gone"; readonly connection: number }
  /** New, if its `key` is; changed otherwise. */
  | { readonly type: "event"; readonly event: FeedEvent }
  /** A frame that belongs to no event: an auth, a malformed one, and the answers to it. */
  | { readonly type: "stray_frame"; readonly frame: FeedFrame }
  | { readonly type: "counts"; readonly counts: FeedCounts }
  | { readonly type: "figures"; readonly figures: FeedFigures };

/**
 * The result of a command. `key`: the event that was asked or replayed; `text`: the text that was read; `metadata`: of a
 * query that was read, if it has any; `request`: -1 where a command had none.
 */
export type FeedReply =
  | {
    readonly type: "done";
    readonly request: number;
    readonly key?: string;
    readonly text?: string;
    readonly metadata?: AgentEvent["metadata"];
  }
  | { readonly type: "refused"; readonly request: number; readonly reason: string };

/** Whatever the server sends. */
export type FeedMessage = FeedSnapshot | FeedUpdate | FeedReply;

/** A command of the page, after its auth. `request` is the page's own number for it. */
export type FeedCommand =
  | FeedAsk
  /** Send an event once more, under the same id, to the agent that answered it if it is there. */
  | { readonly type: "replay"; readonly request: number; readonly key: string }
  /** Send this text as it is to one agent, by its connection; left out, to the least busy one. */
  | { readonly type: "send_raw"; readonly request: number; readonly text: string; readonly connection?: number }
  /** The whole of a text that an event shows cut: its query, or the answer of one connection. */
  | { readonly type: "read"; readonly request: number; readonly key: string; readonly connection?: number };

/** A question; the server makes up its id. */
export interface FeedAsk {
  readonly type: "ask";
  readonly request: number;
  readonly query: string;
  readonly userId?: string;
  readonly conversationId?: string;
  readonly priority?: string;
  /** Anything else for the event's metadata; the fields above win. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** An agent that is connected. Several may have one `agentId`, so `connection` names it. */
export interface FeedAgent {
  readonly connection: number;
  readonly agentId: string;
  readonly connectedMs: number;
  /** Events it was sent and has not answered. */
  readonly inFlight: number;
  readonly answered: number;
  readonly failed: number;
  /** Milliseconds from an event being sent to its answer; absent before the first. The median is of the last hundred. */
  readonly latencyMs?: { readonly last: number; readonly median: number };
  /** Absent where it has shown no evidence. */
  readonly proof?: FeedProof;
  /** Why its chain of signed answers is broken: an older state was put back, or it answered twice. */
  readonly broken?: string;
}

/**
 * What an agent has shown of the key that signs its answers, and what came of checking it:
 *
 * - `checking`: its evidence is being checked
 * - `proved`: a genuine enclave vouches for the key, and is the expected one where one was named
 * - `unchecked`: there is a quote, and the server was given nothing to check it with
 * - `outside`: the agent says itself that it runs outside of a TEE
 * - `refused`: the evidence is wrong
 */
export interface FeedProof {
  readonly state: "checking" | "proved" | "unchecked" | "outside" | "refused";
  /** Whether it answers a challenge of this server: then nobody replays it. */
  readonly isFresh: boolean;
  /** Name of the key. */
  readonly kid?: string;
  /** `tdx`, `sgx` or `nitro`, if the quote is genuine. */
  readonly platform?: string;
  /** Registers of a genuine quote, in hexadecimal digits. */
  readonly measurements?: Readonly<Record<string, string>>;
  /** Names of the registers that identify the system and that the server was told no expected value of. */
  readonly notCompared?: readonly string[];
  readonly composeHash?: string;
  /** What the evidence claims: SHA-256 of the settings and of the character, and the agent's version. */
  readonly settings?: string;
  readonly character?: string;
  readonly version?: string;
  /** Why it is refused or unchecked. */
  readonly reasons?: readonly string[];
}

/**
 * What came of checking the signature of an answer:
 *
 * - `holds`: it is by a key that a genuine enclave vouches for
 * - `foreign`: it is by another key than its agent has proved: nothing vouches for that key, or no agent has shown it
 * - `unproved`: it is right, nothing vouches for its key, and its agent has proved none
 * - `unknown`: the key is none that an agent has shown here, and its agent has proved none
 * - `wrong`: it is not by its key, or over another answer
 * - `broken`: it is right, and contradicts the chain of answers that its agent signed before
 * - `missing`: the answer is not signed, and its agent has proved a key
 */
export interface FeedSignature {
  readonly state: "holds" | "foreign" | "unproved" | "unknown" | "wrong" | "broken" | "missing";
  /** Why, for all states but `holds`. */
  readonly text?: string;
}

/** `waiting`: for an agent. `answering`: sent to one, or more. */
export type FeedEventState = "waiting" | "answering" | "answered" | "failed";

/** The source of an event: a sample of the server, a client over WebSocket, over REST, a page, or `--events`. */
export type FeedAsker = "sample" | "client" | "rest" | "page" | "load";

/** An event, and all that is known of it. */
export interface FeedEvent {
  /** Names it here: its id, and for a sample, which each agent gets, the agent too. */
  readonly key: string;
  /** As it was sent. Its query is cut after `limits.shownLength` UTF-16 code units; a large metadata is left out. */
  readonly event: AgentEvent;
  /** Of the whole query, in UTF-16 code units. */
  readonly queryLength: number;
  readonly askedBy: FeedAsker;
  /** Counts up in the order in which they were asked: news of an older one may come later. */
  readonly number: number;
  readonly askedMs: number;
  readonly state: FeedEventState;
  /** Agents it was sent to, first to last: more than one after a hand-over, with `--broadcast`, or where it was replayed. */
  readonly sentTo: readonly { readonly connection: number; readonly agentId: string; readonly atMs: number }[];
  /** How often it was sent once more after it was answered. */
  readonly replays: number;
  /** Milliseconds from its being asked, or replayed, to its last answer or error. */
  readonly tookMs?: number;
  /** The connection whose answer counts, being the first: whoever asked was told that one. */
  readonly answeredBy?: number;
  /** The agents' answers, first to last, one for each connection. */
  readonly answers: readonly FeedAnswer[];
  /** Of a failed event: what the agent said is wrong. */
  readonly error?: string;
  /** Latest last, the latest twenty. */
  readonly frames: readonly FeedFrame[];
}

/** One agent's answer to an event. */
export interface FeedAnswer {
  readonly connection: number;
  readonly agentId: string;
  /** `growing`: its chunks are coming, and `text` is what has come so far. */
  readonly state: "growing" | "answered" | "failed";
  /** The answer or, where it failed, what is wrong; cut like the query. */
  readonly text: string;
  /** Of the whole text, in UTF-16 code units. */
  readonly length: number;
  /** How often the agent began anew after it had sent chunks. */
  readonly restarts: number;
  /** Milliseconds from the event being sent to this agent to its answer. */
  readonly tookMs?: number;
  readonly metadata?: FeedAnswerMetadata;
  /** Absent where the answer is not signed, and its agent has proved no key. */
  readonly signature?: FeedSignature;
}

/** An agent's account of its answer. Fields that are not named here are shown as they are. */
export interface FeedAnswerMetadata {
  /** Where the passages come from that the answer could draw on. */
  readonly sources?: readonly string[] | undefined;
  /** The answer is that there is none: the agent does not know. */
  readonly declined?: boolean | undefined;
  /** The answer ended at a limit of tokens. */
  readonly cutOff?: boolean | undefined;
  readonly [field: string]: unknown;
}

/** A frame as it went over the wire. The chunks of an answer are not kept. */
export interface FeedFrame {
  readonly atMs: number;
  readonly direction: "to_agent" | "from_agent";
  readonly connection: number;
  /** Absent before the agent has authenticated. */
  readonly agentId?: string;
  /** Cut after `limits.frameLength`; a token is never in it. Of a binary frame, its size. */
  readonly text: string;
  /** Of the whole frame, in UTF-16 code units. */
  readonly length: number;
}

/** Since the server started, but for `waiting` and `answering`, which are now. Samples count too. */
export interface FeedCounts {
  readonly waiting: number;
  readonly answering: number;
  readonly answered: number;
  /** Of those answered: where the answer that counts is that the agent does not know. */
  readonly declined: number;
  readonly failed: number;
}

/** How agents did over the last minutes: in slices of equal length, oldest first, the last one still going on. */
export interface FeedFigures {
  /** When the last slice ends, in milliseconds since the epoch. */
  readonly endMs: number;
  readonly sliceMs: number;
  /** Of all agents, those that have gone too. */
  readonly all: FeedSeries;
  /** By connection, for those that are connected. */
  readonly agents: readonly (readonly [connection: number, series: FeedSeries])[];
}

/** Slice by slice: how many answers and errors came. */
export interface FeedSeries {
  /** Answers, declined ones too. */
  readonly answered: readonly number[];
  readonly declined: readonly number[];
  readonly failed: readonly number[];
  /** Milliseconds from an event being sent to its answer; null where none came. Within 2.5 %. */
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
  /** The same over all slices. */
  readonly overall: { readonly p50Ms: number | null; readonly p95Ms: number | null };
}

/** The bounds of a page's frames, and of the texts that it is shown. */
export interface FeedLimits {
  /** Longest frame that is accepted of a page, in bytes. */
  readonly frameBytes: number;
  readonly connections: number;
  /** Events that may be unanswered at a time. */
  readonly unanswered: number;
  /** Events kept to be shown. */
  readonly shownEvents: number;
  /** UTF-16 code units of a query or an answer that are shown unasked. */
  readonly shownLength: number;
  /** UTF-16 code units of a raw frame that are kept. */
  readonly frameLength: number;
}

/** The bodies of the REST interface: requests are checked against them, and the OpenAPI document is made of them. @module */

import { z } from "zod";
import { MAX_ID_LENGTH } from "../../wire.ts";
import { questionShape } from "../questions.ts";

/** Longest time that `?wait` takes, in seconds. */
export const MAX_WAIT_S = 600;
/** Most events, and the usual number of them, that one request lists. */
export const MAX_LISTED = 1_000;
const USUALLY_LISTED = 50;

const ms = z.number().describe("Milliseconds since the epoch, by the server's clock");
const agentId = z.string().describe(
  "The agent's id. Two agents may have the same one: the connection tells them apart",
);
const connection = z.number().int().min(0).describe("Number of the agent's connection, counted from 0");
const state = z.enum(["waiting", "answering", "answered", "failed"])
  .describe("waiting: for an agent; answering: sent to one, or more");

/** The body of `POST /api/query`. */
export const questionSchema = z.strictObject({
  ...questionShape,
  id: z.string().min(1).max(MAX_ID_LENGTH).exactOptional()
    .describe("Names the event: the same id is the same event, answered once. Made up where it is missing"),
  timestamp: z.number().exactOptional().describe("Milliseconds since the epoch; now, where it is missing"),
}).describe("An event, as an agent gets it. Metadata may hold anything else");

/** The body of `POST /api/forget`. */
export const forgetSchema = z.strictObject({
  id: z.string().min(1).max(MAX_ID_LENGTH).exactOptional()
    .describe("Comes back as eventId of the agents' acks. Made up where it is missing"),
  conversationId: questionShape.conversationId,
  userId: questionShape.userId,
}).describe("Whose words are to be forgotten: a conversation's, a user's, or a user's in a conversation");

/** The query of `POST /api/query`. */
export const waitSchema = z.strictObject({
  wait: z.string().regex(/^\d+(\.\d+)?$/).transform(Number).pipe(z.number().max(MAX_WAIT_S)).optional(),
});

/** The query of `GET /api/events`. */
export const listSchema = z.strictObject({
  state: state.optional(),
  limit: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(1).max(MAX_LISTED)).default(USUALLY_LISTED),
  before: z.string().regex(/^\d+$/).transform(Number).optional(),
});

/** Why a request was refused. */
export const failureSchema = z.object({
  success: z.literal(false),
  error: z.string().describe("What is wrong, and what to do"),
});

/** An event was taken on. */
export const acceptedSchema = z.object({ success: z.literal(true), eventId: z.string() });

/** A request to forget was passed on. */
export const forgettingSchema = z.object({
  success: z.literal(true),
  eventId: z.string().describe("That of the agents' acks"),
  agents: z.number().int().describe("How many it was sent to"),
});

const metadata = z.looseObject({
  sources: z.array(z.string()).readonly().optional().describe(
    "Where the passages come from that the answer could draw on",
  ),
  declined: z.boolean().optional().describe("The answer is that the agent does not know"),
  cutOff: z.boolean().optional().describe("The answer ended at a limit of tokens"),
}).describe("What the agent tells about its answer");

const proof = z.object({
  state: z.enum(["checking", "proved", "unchecked", "outside", "refused"])
    .describe("unchecked: there is nothing to check the quote with; outside: the agent says that it is not in a TEE"),
  isFresh: z.boolean().describe("Whether it answers a challenge of this server"),
  kid: z.string().optional().describe("Name of the key that signs the agent's answers"),
  platform: z.string().optional(),
  measurements: z.record(z.string(), z.string()).readonly().optional(),
  notCompared: z.array(z.string()).readonly().optional()
    .describe("Registers that identify the system, and that the server was told no expected value of"),
  composeHash: z.string().optional(),
  settings: z.string().optional().describe("SHA-256 of the agent's settings, as it claims"),
  character: z.string().optional(),
  version: z.string().optional(),
  reasons: z.array(z.string()).readonly().optional(),
}).describe("What the agent has shown of its enclave, checked");

const signature = z.object({
  state: z.enum(["holds", "foreign", "unproved", "unknown", "wrong", "broken", "missing"]).describe(
    "foreign: by another key than its agent has proved; unproved: right, but nothing vouches for its key, and its agent " +
      "has proved none; broken: it contradicts what the agent signed before; " +
      "missing: not signed, by an agent that has proved a key",
  ),
  text: z.string().optional(),
}).describe("What came of checking the answer's signature");

const answerSchema = z.object({
  connection,
  agentId,
  state: z.enum(["growing", "answered", "failed"]).describe("growing: its chunks are coming"),
  text: z.string().describe("The answer, what has come of it so far or, where it failed, what is wrong"),
  tookMs: z.number().optional().describe("Milliseconds from the event being sent to this agent to its answer"),
  metadata: metadata.optional(),
  signature: signature.optional(),
}).describe("What one agent said");

/** How an event stands. */
export const eventSchema = z.object({
  success: z.boolean().describe("False if the event has failed"),
  eventId: z.string(),
  state,
  response: z.string().optional().describe("The answer that counts, being the first"),
  agentId: agentId.optional(),
  connection: connection.optional(),
  metadata: metadata.optional(),
  error: z.string().optional().describe("Of a failed event: what the agent said is wrong"),
  tookMs: z.number().optional().describe("Milliseconds from being asked, or replayed, to its last answer or error"),
  askedMs: ms,
  sentTo: z.array(z.object({ connection, agentId, atMs: ms })).describe("The latest agents that it was sent to"),
  replays: z.number().int().describe("How often it was sent once more after it was answered"),
  answers: z.array(answerSchema).describe("What each agent said, first to last: several with --broadcast"),
});

const listedSchema = z.object({
  number: z.number().int().describe("Counts up in the order in which events were asked"),
  eventId: z.string(),
  query: z.string().describe("Cut after 2,000 characters"),
  askedBy: z.enum(["sample", "client", "rest", "page", "load"]),
  state,
  declined: z.boolean(),
  askedMs: ms,
  tookMs: z.number().optional(),
  agentId: agentId.optional(),
  connection: connection.optional(),
});

/** Events, the last asked first. */
export const eventListSchema = z.object({
  success: z.literal(true),
  counts: z.object({
    waiting: z.number(),
    answering: z.number(),
    answered: z.number(),
    declined: z.number().describe("Of those answered"),
    failed: z.number(),
  }).describe("Since the server started, but for waiting and answering, which are now"),
  events: z.array(listedSchema),
  before: z.number().int().optional().describe("Where there are more: the parameter that lists the next ones"),
});

const shares = z.object({
  answered: z.number(),
  declined: z.number().describe("Of those answered"),
  failed: z.number(),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
}).describe("Over the last five minutes");

/** The connected agents. */
export const agentListSchema = z.object({
  success: z.literal(true),
  figures: shares,
  agents: z.array(z.object({
    connection,
    agentId,
    connectedMs: ms,
    inFlight: z.number().int().describe("Events it was sent and has not answered"),
    answered: z.number().int(),
    failed: z.number().int(),
    latencyMs: z.object({ last: z.number(), median: z.number() }).optional()
      .describe("From an event being sent to its answer; the median is of the last hundred"),
    proof: proof.optional(),
    broken: z.string().optional().describe("Why the chain of the agent's signed answers is broken"),
    figures: shares,
  })).describe("Longest connected first"),
});

/** The server is alive. */
export const healthSchema = z.object({ status: z.literal("ok") });

/** Names of the bodies in the OpenAPI document. */
export const REQUEST_BODIES = { Question: questionSchema, Forget: forgetSchema };
export const RESPONSE_BODIES = {
  Failure: failureSchema,
  Accepted: acceptedSchema,
  Forgetting: forgettingSchema,
  Answer: answerSchema,
  Event: eventSchema,
  ListedEvent: listedSchema,
  EventList: eventListSchema,
  Figures: shares,
  AgentList: agentListSchema,
  Health: healthSchema,
};

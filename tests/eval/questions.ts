/** Questions for the built-in character, written before the retrieval was tuned, and what a right answer says. @module */

import type { Character, IAgentRuntime } from "@elizaos/core";
import type { KnowledgeText } from "../../src/mind/knowledge/passages.ts";
import { buildKnowledge } from "../../src/mind/knowledge/search.ts";
import { embeddedModel } from "../../src/mind/models/embedded.ts";

/** A question, and the statements that a right answer must contain, all of them. */
export interface Question {
  readonly question: string;
  readonly says: readonly RegExp[];
}

/** Whether an answer says all that a right one must. */
export function isRight({ says }: Question, answer: string): boolean {
  return says.every((statement) => statement.test(answer));
}

/** Whether an answer says that there is none. */
export function isDeclined(answer: string): boolean {
  return answer.startsWith("I don't know");
}

/** Asks the embedded model for a character, as the runtime does. */
export function askBuiltIn(
  character: Character,
  texts: readonly KnowledgeText[],
): (question: string) => Promise<string> {
  const knowledge = buildKnowledge(texts);
  return async (question) => {
    const request = { prompt: "not looked at", question, passages: knowledge.search(question, 5) };
    // The model needs nothing of a runtime but the character.
    return String(await embeddedModel.models?.TEXT_LARGE?.({ character } as IAgentRuntime, request));
  };
}

/** What the character knows, asked in other words than it knows it. */
export const ANSWERABLE: readonly Question[] = [
  { question: "What is iExec?", says: [/confidential computing/i] },
  { question: "Who are the different participants on the platform?", says: [/requesters?/i, /workerpools?/i] },
  { question: "What do the letters RLC stand for?", says: [/run on lots of computers/i] },
  { question: "How many RLC tokens will ever exist?", says: [/87 million/] },
  { question: "What is the tiniest fraction of the currency?", says: [/nRLC/] },
  { question: "How much do I have to pay to run something?", says: [/fee/i, /workerpool/i] },
  { question: "Can I cap how much I spend on an execution?", says: [/maximum price/i] },
  { question: "Where can I purchase the token?", says: [/exchanges/i] },
  { question: "I just want to experiment, is there a free way to get coins?", says: [/faucet/i] },
  { question: "Which blockchain is used in production?", says: [/Arbitrum/] },
  { question: "What is Bellecour?", says: [/sidechain/i] },
  { question: "Is there prepaid credit so that I don't have to use my own tokens?", says: [/voucher/i] },
  { question: "Can I let my colleagues spend my voucher?", says: [/authoriz/i] },
  { question: "What happens when the voucher has not enough money left?", says: [/requester's own/i] },
  { question: "What's a TEE?", says: [/trusted execution environment/i] },
  {
    question: "Can the administrator of the machine spy on my data while it is processed?",
    says: [/\b(?:not|nobody|only)\b/i, /TEE|processor|Trust Domain|enclave/],
  },
  { question: "How does SGX differ from TDX?", says: [/enclave/i, /virtual machine/i] },
  { question: "Does an Amazon Nitro enclave have internet access?", says: [/no network/i] },
  {
    question: "How can a remote party be sure that genuine, unmodified code is running?",
    says: [/attestation|measurement/i],
  },
  {
    question: "Who keeps the decryption keys, and when are they released?",
    says: [/Secret Management Service|SMS/, /TEE/],
  },
  { question: "What does DataProtector do?", says: [/encrypt/i] },
  { question: "Where does the encrypted file end up being stored?", says: [/IPFS/] },
  { question: "How do I permit somebody to use my protected data?", says: [/grantAccess/] },
  { question: "I changed my mind: how do I take back the permission I gave?", says: [/revoke/i] },
  { question: "Can I make money with my dataset?", says: [/price per access/i] },
  { question: "If I sell my protected data to someone else, do old permissions survive?", says: [/revoked/i] },
  { question: "Can I keep permissions when a new version of the app comes out?", says: [/whitelist/i] },
  { question: "In which programming languages can I write an iApp?", says: [/any language|JavaScript and Python/i] },
  { question: "How do I scaffold a brand-new iApp project?", says: [/iapp init/] },
  { question: "Can I try my app locally before publishing it?", says: [/iapp test/] },
  { question: "Is it safe to put a password in the arguments?", says: [/public/i] },
  { question: "How does a user hand an API key to an iApp secretly?", says: [/requester secret/i] },
  { question: "What file must my application produce for the task to succeed?", says: [/computed\.json/] },
  { question: "How can the outcome be delivered to my smart contract?", says: [/callback/i] },
  { question: "How long may a job run at most?", says: [/ten hours/i] },
  { question: "I paid but the job was never finished. Do I get a refund?", says: [/claim|refund|given back/i] },
  { question: "What punishes misbehaviour of those who organise the work?", says: [/stake/i] },
  { question: "How do I become a node operator and earn rewards?", says: [/worker/i, /stake/i] },
  { question: "Can I email someone without knowing their address?", says: [/Web3Mail/] },
  { question: "Do you share what I tell you with other people?", says: [/never shown to another/i] },
];

/** What it can't know: far off, near by, and about iExec itself. */
export const UNANSWERABLE: readonly string[] = [
  "What is the capital of France?",
  "Who won the football world cup in 2018?",
  "How do I bake sourdough bread?",
  "What will the weather be like in Milan tomorrow?",
  "Write me a poem about the sea.",
  "Who is the chief executive officer of iExec?",
  "How many employees does iExec have?",
  "What was the closing price of Bitcoin yesterday?",
  "How do I configure a PostgreSQL replica?",
  "What does AMD SEV-SNP stand for?",
];

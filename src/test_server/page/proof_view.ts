/** What an agent has proved of where it runs. @module */

import type { FeedAgent, FeedProof } from "../feed.ts";
import { element, setText } from "./elements.ts";

/** The proof of one agent on the page. */
export interface ProofView {
  readonly root: HTMLElement;
  show(agent: Pick<FeedAgent, "proof" | "broken">): void;
}

/** The proof of an agent, to be shown. */
export function createProofView(): ProofView {
  const line = element("p", { class: "proof-line" });
  const broken = element("p", { class: "proof-broken" });
  const summary = element("summary");
  const facts = element("dl", { class: "proof-facts" });
  const details = element("details", {}, summary, facts);
  const root = element("div", { class: "proof" }, line, broken, details);
  let shown: FeedProof | undefined;
  return {
    root,
    show({ proof, broken: why }) {
      line.dataset.state = proof?.state ?? "none";
      setText(line, lineOf(proof));
      broken.hidden = why === undefined;
      setText(broken, why ?? "");
      details.hidden = proof?.kid === undefined;
      setText(summary, proof?.state === "proved" ? "What is proved" : "What it claims");
      if (proof === shown) return;
      shown = proof;
      facts.replaceChildren(
        ...factsOf(proof).map(([name, value]) =>
          element("div", {}, element("dt", {}, name), element("dd", { class: "id" }, value))
        ),
      );
    },
  };
}

function lineOf(proof: FeedProof | undefined): string {
  switch (proof?.state) {
    case undefined:
      return "Shows no evidence of an enclave";
    case "checking":
      return "Its evidence is being checked";
    case "proved":
      return proof.isFresh
        ? `Proved: its key is in a genuine ${PLATFORMS[proof.platform ?? ""] ?? "enclave"}${butNotCompared(proof)}`
        : `Evidence holds, not proved to be fresh${because(proof)}`;
    case "unchecked":
      return `Evidence not checked${because(proof)}`;
    case "outside":
      return "Not in a TEE, as it says itself";
    case "refused":
      return `Evidence refused${because(proof)}`;
  }
}

const PLATFORMS: Readonly<Record<string, string>> = {
  tdx: "TDX machine",
  sgx: "SGX enclave",
  nitro: "Nitro enclave",
};

/** Without an expected value, any enclave of the platform is proved, somebody else's too. */
function butNotCompared({ notCompared = [] }: FeedProof): string {
  return notCompared.length === 0 ? "" : `; not compared: ${notCompared.join(", ")}`;
}

function because({ reasons = [] }: FeedProof): string {
  return reasons.length === 0 ? "" : `: ${reasons.join("; ")}`;
}

/** Names and values; registers that are all zeros say nothing. */
function factsOf(proof: FeedProof | undefined): [name: string, value: string][] {
  if (!proof) return [];
  const { kid, measurements = {}, composeHash, settings, character, version } = proof;
  const facts: [string, string | undefined][] = [
    ["Key", kid],
    ...Object.entries(measurements).filter(([, value]) => !/^0*$/.test(value)),
    ["Compose hash", composeHash],
    ["Settings", settings],
    ["Character", character],
    ["Version", version],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

/** The changes in a server that pages and printed lines are about. @module */

import type { Outcome } from "./figures.ts";
import type { Asked } from "./ledger.ts";
import type { Agent } from "./roster.ts";

/** Something that has changed. */
export type Change =
  | { readonly kind: "agent"; readonly agent: Agent }
  | { readonly kind: "agent_gone"; readonly connection: number }
  | { readonly kind: "event"; readonly asked: Asked }
  | { readonly kind: "outcome"; readonly connection: number; readonly outcome: Outcome };

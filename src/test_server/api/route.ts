/** A route of the REST interface: its handler, and its entry in the OpenAPI document. @module */

import type { ApiOptions, Call } from "./context.ts";
import type { REQUEST_BODIES, RESPONSE_BODIES } from "./schemas.ts";

/** One method of one path. */
export interface Route {
  readonly method: "GET" | "POST";
  /** May have `{id}` in it, which is one segment. */
  readonly path: string;
  /** Nobody has to show the token. */
  readonly isOpen?: true;
  /** Name of the operation, for whoever generates a client. */
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: keyof typeof REQUEST_BODIES;
  /** By status. The refusals that every route may give are left out. */
  readonly responses: Readonly<Record<number, Documented>>;
  handle(call: Call, options: ApiOptions): Response | Promise<Response>;
}

/** A parameter in the query or in a header. */
export interface Parameter {
  readonly name: string;
  readonly in: "query" | "header";
  readonly description: string;
  /** JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A response. Several bodies: one of them. */
export interface Documented {
  readonly description: string;
  readonly bodies?: readonly (keyof typeof RESPONSE_BODIES)[];
  /** Default, where there is a body: application/json. */
  readonly mediaType?: string;
}

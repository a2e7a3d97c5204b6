/** `POST /api/forget`: have the agents forget what a conversation or a user has said. @module */

import type { z } from "zod";
import { checkForgetRequest } from "../../forget_request.ts";
import { checkJson } from "../agent_messages.ts";
import { json } from "../http.ts";
import { type ApiOptions, type Call, failure } from "./context.ts";
import { readJson } from "./query.ts";
import { forgetSchema, type forgettingSchema } from "./schemas.ts";

/** Pass a request on to every connected agent. What each has deleted is in its ack. */
export async function forget({ request }: Call, options: ApiOptions): Promise<Response> {
  const body = await readJson(request, options);
  if (body instanceof Response) return body;
  const parsed = checkJson(forgetSchema, body);
  if (!parsed.ok) return failure(400, parsed.reason);
  const asked = checkForgetRequest(parsed.value);
  if (!asked.ok) return failure(400, asked.reason);
  const { id = crypto.randomUUID(), ...whose } = asked.value;
  const agents = options.tellAgents(JSON.stringify({ type: "forget", id, ...whose }));
  if (agents === 0) return failure(503, "No agent is connected.", { "retry-after": "5" });
  return json(202, { success: true, eventId: id, agents } satisfies z.infer<typeof forgettingSchema>);
}

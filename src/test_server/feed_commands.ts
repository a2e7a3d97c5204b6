/** The commands that pages send over `/feed`, checked once. @module */

import { z } from "zod";
import type { Checked } from "../wire.ts";
import { checkJson, checkValue, parseJson } from "./agent_messages.ts";
import type { FeedAuth, FeedCommand } from "./feed.ts";
import { questionShape } from "./questions.ts";

const request = z.number().int();

const commandSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ask"), request, ...questionShape }),
  z.object({ type: z.literal("replay"), request, key: z.string() }),
  z.object({
    type: z.literal("send_raw"),
    request,
    text: z.string(),
    connection: z.number().int().exactOptional(),
  }),
  z.object({ type: z.literal("read"), request, key: z.string(), connection: z.number().int().exactOptional() }),
], "expected an ask, replay, send_raw or read command");
const numberedSchema = z.object({ request });
const authSchema = z.object({ type: z.literal("auth"), token: z.string().exactOptional() });

/** Check the first frame of a page. */
export function parseFeedAuth(text: string): Checked<FeedAuth> {
  return checkJson(authSchema, text);
}

/** Check a frame of a page after the first. `request`: of a wrong one, so that its sender can be told. */
export function parseFeedCommand(text: string): Checked<FeedCommand> & { readonly request?: number } {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  const command = checkValue(commandSchema, parsed.value);
  if (command.ok) return command;
  const numbered = numberedSchema.safeParse(parsed.value);
  return { ...command, ...numbered.success && { request: numbered.data.request } };
}

/** Conversations whose ids are made to collide with those of others: only who names the same one knows what was said there. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Plugin } from "@elizaos/core";
import { parseFrame } from "../../src/wire.ts";
import { startMind } from "../support/mind.ts";

const never = new AbortController().signal;

/** Metadata as the JSON of a frame: some of it no object literal can hold. */
const VICTIMS: readonly string[] = [
  '{"conversationId":"victim"}',
  '{"userId":"victim"}',
  '{"conversationId":"victim","userId":"alice"}',
  '{"conversationId":"42"}',
  '{"userId":"42","conversationId":"0"}',
  '{"conversationId":"null"}',
  '{"conversationId":"undefined"}',
  '{"conversationId":"[object Object]"}',
  '{"conversationId":"true"}',
  '{"conversationId":"__proto__"}',
  '{"conversationId":"constructor"}',
  '{"userId":"toString"}',
  '{"conversationId":"caf\\u00e9"}',
  '{"conversationId":"\\ud800"}',
  '{"userId":"\\ud800"}',
  '{"conversationId":"a b"}',
  '{"conversationId":"a","userId":"b"}',
  '{"conversationId":"a\\u0000b"}',
  '{"conversationId":"event-conversation:victim"}',
  '{"conversationId":"[\\"victim\\",\\"alice\\"]"}',
  `{"conversationId":"${"x".repeat(100_000)}"}`,
  '{"conversationId":"default"}',
  '{"conversationId":"abc","userId":"x"}',
];

/** Ids that are none of the victims', or are refused. */
const COLLIDING: readonly string[] = [
  '{"conversationId":"victim2"}',
  '{"conversationId":"3 abcx"}',
  '{"conversationId":"16 conversation:abcuser:x"}',
  '{"conversationId":"Victim"}',
  '{"conversationId":"VICTIM"}',
  '{"conversationId":"victim "}',
  '{"conversationId":" victim"}',
  '{"conversationId":"victim\\u200b"}',
  '{"conversationId":"victim\\u0000"}',
  '{"conversationId":"\\u0000victim"}',
  '{"conversationId":["victim"]}',
  '{"conversationId":{"toString":"victim"}}',
  '{"conversationId":{"id":"victim"}}',
  '{"conversationId":"victim","userId":"mallory"}',
  '{"conversationId":"victim","userId":"victim"}',
  '{"conversationId":"victim","userId":"Alice"}',
  '{"conversationId":"victim\\",\\"alice"}',
  '{"conversationId":"victim/alice"}',
  '{"conversationId":"conversation:victim"}',
  '{"userId":"conversation:victim"}',
  '{"conversationId":"user:victim"}',
  '{"userId":"user:victim"}',
  '{"conversationId":"chat:default"}',
  '{"userId":"default"}',
  '{"conversationId":42.5}',
  '{"conversationId":"042"}',
  '{"conversationId":"4.2e1"}',
  '{"conversationId":true}',
  '{"conversationId":"True"}',
  '{"conversationId":{}}',
  '{"__proto__":{"conversationId":"victim","userId":"alice"}}',
  '{"constructor":{"conversationId":"victim"}}',
  '{"conversationid":"victim"}',
  '{"conversationId":"cafe\\u0301"}',
  '{"conversationId":"\\ud801"}',
  '{"userId":"\\udc00"}',
  '{"conversationId":"\\ufffd"}',
  '{"conversationId":"a","userId":"b "}',
  '{"conversationId":"ab"}',
  '{"conversationId":"a:b"}',
  `{"conversationId":"${"x".repeat(99_999)}"}`,
  `{"conversationId":"${"x".repeat(100_001)}"}`,
  '{"metadata":{"conversationId":"victim"}}',
  '{"conversationId":""}',
  '{"conversationId":null}',
  "{}",
];

/** Ids that name a victim's conversation in other words of the protocol. */
const SAME: readonly (readonly [metadata: string, victim: string])[] = [
  ['{"conversationId":42}', '{"conversationId":"42"}'],
  ['{"conversationId":4.2e1}', '{"conversationId":"42"}'],
  ['{"conversationId":"","userId":"victim"}', '{"userId":"victim"}'],
  ['{"conversationId":"other","conversationId":"victim"}', '{"conversationId":"victim"}'],
];

const canaryOf = (victim: string) => `canary-${VICTIMS.indexOf(victim)}-of-it`;

Deno.test("of conversations and users that are made to collide only those with equal ids meet", async () => {
  let asked = "";
  const model: Plugin = {
    name: "listening",
    description: "Keeps what it is asked",
    models: { TEXT_LARGE: (_runtime, params) => Promise.resolve((asked = JSON.stringify(params), "heard")) },
  };
  await using mind = await startMind({ model });
  let events = 0;
  /** What the model gets to see for an event with the metadata; undefined if the event is refused. */
  async function ask(query: string, metadata: string): Promise<string | undefined> {
    const frame = parseFrame(`{"id":"e${++events}","query":"${query}","timestamp":1,"metadata":${metadata}}`);
    if (!frame.ok) return undefined;
    assert(frame.value.kind === "event");
    asked = "";
    await mind.answer(frame.value.event, never);
    assert(asked !== "", metadata);
    return asked;
  }
  for (const victim of VICTIMS) await ask(`my secret is ${canaryOf(victim)}`, victim);
  let refused = 0;
  for (const metadata of COLLIDING) {
    const seen = await ask("and what is it?", metadata);
    if (seen === undefined) refused++;
    else assert(!seen.includes("canary-"), `${metadata.slice(0, 200)} sees another's words`);
  }
  assertEquals(refused, 6, "of ids that are neither a text nor a whole number");
  for (const [metadata, victim] of [...SAME, ...VICTIMS.map((victim) => [victim, victim] as const)]) {
    const seen = await ask("and what is it?", metadata);
    assertStringIncludes(seen!, canaryOf(victim));
    assertEquals(new Set(seen!.match(/canary-\d+-of-it/g)), new Set([canaryOf(victim)]), metadata.slice(0, 200));
  }
});

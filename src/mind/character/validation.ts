/** Checks a character with the core's own schema. Loads zod, which an agent with the built-in character does without. @module */

import * as z from "zod";
import type { Core } from "../core_log.ts";

/** What the core's schema is made with. Named one by one: all of zod would add 300 kB to the executable. */
const ZOD = {
  array: z.array,
  boolean: z.boolean,
  enum: z.enum,
  function: z.function,
  nativeEnum: z.nativeEnum,
  number: z.number,
  object: z.object,
  record: z.record,
  string: z.string,
  union: z.union,
  unknown: z.unknown,
};

/**
 * What the core's validation says of a character. The lean core is handed zod; the published one brings its own.
 *
 * One character is checked, once. So zod interprets the schema: it would write a function for each object in it and have
 * V8 compile that, which is half of the check (2 of 4 ms).
 */
export function validateCharacter(core: Core, value: unknown): ReturnType<Core["validateCharacter"]> {
  const validate: (value: unknown, zod: typeof ZOD) => ReturnType<Core["validateCharacter"]> = core.validateCharacter;
  z.config({ jitless: true });
  try {
    return validate(value, ZOD);
  } finally {
    z.config({ jitless: false });
  }
}

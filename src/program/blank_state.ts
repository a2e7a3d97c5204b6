/** The state of a first start, which comes with the program. Made by `deno task docs`. @module */

import { type BlankDatabase, packZeros } from "../store/blank_database.ts";
import { openDatabase } from "../store/database.ts";
import { SCHEMA } from "./state.ts";

/** The file in the sources that holds it. Where it is not of the schema's digest, nobody takes it. */
export const BLANK_STATE = "src/program/blank_state.json";

/** SQLite writes its own version there, and never reads it. @see https://sqlite.org/fileformat2.html#the_database_header */
const VERSION = { from: 96, to: 100 };

/** The database that the migrations make, without a row: the same each time. */
export function makeBlankState(): BlankDatabase {
  const { migrations, digest = "" } = SCHEMA;
  const folder = Deno.makeTempDirSync({ prefix: "agent-blank-state-" });
  try {
    openDatabase(folder, { schema: { migrations, digest } })[Symbol.dispose]();
    const bytes = Deno.readFileSync(`${folder}/agent.db`).fill(0, VERSION.from, VERSION.to);
    return { digest, packed: packZeros(bytes) };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Which program this is. @module */

import config from "../../deno.json" with { type: "json" };
import build from "../build.json" with { type: "json" };

/** Version of the program. */
export const VERSION: string = config.version;
/** Version of ElizaOS's core. */
export const CORE_VERSION: string | undefined = config.scopes["./src/"]["@elizaos/core"].split("@").at(-1);
/** The commit that the executable was made from, with `-dirty` if more was in it; null if it is run from sources. */
export const COMMIT: string | null = build.commit;

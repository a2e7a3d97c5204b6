/** `deno task compile`: what goes into the executable, and that it is the same wherever it is made. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { renamed, sealed } from "../../../src/tools/compile/bundle.ts";
import { obeysChannel } from "../../../src/tools/compile/main.ts";
import { allowedHosts } from "../../../src/tools/compile/permissions.ts";
import { FatalError } from "../../../src/errors.ts";

const PRELUDE = 'import{createBuiltinRequire,importNothing}from"./prelude.js";';

/** A file of a bundle, sealed; `part1.js` is another. */
function seal(text: string): string | undefined {
  return sealed(new Map([["agent.js", text], ["part1.js", ""]])).get("agent.js");
}

Deno.test("a bundle that is sealed loads no code but its own, and runs the prelude first", () => {
  const bundle =
    'import{createRequire as aB}from"node:module";import{join}from"node:path";import{a as x}from"./part1.js";' +
    'let c=aB(import.meta.url),d=async e=>await import(e);d.import(1);import("./part1.js");import("./part2.js");import("./part1.js"+c)';
  assertEquals(
    seal(bundle),
    PRELUDE + 'const aB=createBuiltinRequire;import{join}from"node:path";import{a as x}from"./part1.js";' +
      'let c=aB(import.meta.url),d=async e=>await importNothing(e);d.import(1);import("./part1.js");' +
      'importNothing("./part2.js");importNothing("./part1.js"+c)',
  );
});

Deno.test("a bundle that is sealed has one byte a character, and says the same", () => {
  const text = seal("var a=`–😀`,b=/[–]/.test('–');");
  assertEquals(text, PRELUDE + "var a=`\\u2013\\ud83d\\ude00`,b=/[\\u2013]/.test('\\u2013');");
});

for (
  const statement of [
    'import"./other.js"',
    'import a from"npm:b"',
    'import*as c from"file:///d.js"',
    'import e from"x"',
    'export{f}from"./other.js"',
    'export*from"node:module"',
  ]
) {
  Deno.test(`a bundle with \`${statement}\` in it can't be sealed`, () => {
    assertThrows(() => seal(`var a=1;${statement};`), FatalError, statement);
  });
}

Deno.test("a bundle's files are named in the order in which they ask for one another", () => {
  const bundle = new Map([
    ["7.5-A1.js", 'import"./chunk-C3.js"'],
    ["chunk-C3.js", "//"],
    ["main.js", 'import"./core-B2.js";import("./7.5-A1.js");"./else.js"'],
    ["core-B2.js", 'import"./chunk-C3.js"'],
  ]);
  assertEquals([...renamed(bundle, "main.js")], [
    ["agent.js", 'import"./part1.js";import("./part2.js");"./else.js"'],
    ["part1.js", 'import"./part3.js"'],
    ["part2.js", 'import"./part3.js"'],
    ["part3.js", "//"],
  ]);
});

Deno.test("AGENT_ALLOW_NET lists hosts, none means none, and without it every host is allowed", () => {
  assertEquals(allowedHosts(undefined), "every");
  assertEquals(allowedHosts(""), "every");
  assertEquals(allowedHosts("none"), []);
  assertEquals(allowedHosts("a.example:443, [::1]:8080,10.0.0.7"), ["a.example:443", "[::1]:8080", "10.0.0.7"]);
  for (const wrong of ["a.example:443,", "wss://a.example", "a.example:port", "a b", "a@b", "a.example/path"]) {
    assertThrows(() => allowedHosts(wrong), FatalError, "AGENT_ALLOW_NET");
  }
});

Deno.test("an executable of Deno 2.8.3 or newer turns into another program's child", () => {
  assertEquals(["2.7.11", "2.8.2", "2.8.3", "2.8.10", "2.9.6", "3.0.0"].map(obeysChannel), [
    false,
    false,
    true,
    true,
    true,
    true,
  ]);
});

/** `deno task compile`: what goes into the executable, and that it is the same wherever it is made. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { sealed, sealedProgram, withoutCurveTable } from "../../../src/tools/compile/bundle.ts";
import { obeysChannel } from "../../../src/tools/compile/main.ts";
import { allowedHosts } from "../../../src/tools/compile/permissions.ts";
import { FatalError } from "../../../src/errors.ts";

/** What the script in a sealed bundle says. */
function seal(text: string): string {
  const [, inside] = /^\(function\(require,importNothing,module\)\{"use strict";(.*)\n\}\)$/s.exec(sealed(text)) ?? [];
  return inside!;
}

Deno.test("a bundle that is sealed asks for built-in modules alone, and imports nothing", () => {
  const bundle = 'var a=require("node:path"),d=async e=>await import(e);d.import(1);a.important(2);import("./part.js")';
  assertEquals(
    seal(bundle),
    'var a=require("node:path"),d=async e=>await importNothing(e);d.import(1);a.important(2);importNothing("./part.js")',
  );
});

Deno.test("elliptic's table of points stays out, and a bundle that has none, or two, is refused", () => {
  const table = '{doubles:{step:4,points:[["e6","f7"],["11","1a"]]},naf:{wnd:7,points:[["f9","38"]]}}';
  assertEquals(withoutCurveTable(`a=b((c,d)=>{d.exports=${table}});e=1`), "a=b((c,d)=>{d.exports=void 0});e=1");
  for (const bundle of ["a=1", `a=${table};b=${table}`]) {
    assertThrows(() => withoutCurveTable(bundle), FatalError, "points");
  }
});

Deno.test("a bundle that is sealed has one byte a character, and says the same", () => {
  const text = seal("var a=`–😀`,b=/[–]/.test('–');");
  assertEquals(text, "var a=`\\u2013\\ud83d\\ude00`,b=/[\\u2013]/.test('\\u2013');");
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
    assertThrows(() => sealed(`var a=1;${statement};`), FatalError, statement);
  });
}

Deno.test("the signing thread's program imports the runtime's cryptography, or is refused", () => {
  const program =
    'import{KeyObject as a,sign as b}from"node:crypto";import{hash as c}from"node:crypto";var d=e.important;';
  assertEquals(sealedProgram(program), program);
  for (const more of ['import"./a.js"', 'import*as f from"node:fs"', 'await import("node:fs")', 'require("fs")']) {
    assertThrows(() => sealedProgram(`${program}${more};`), FatalError, more.slice(-8));
  }
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

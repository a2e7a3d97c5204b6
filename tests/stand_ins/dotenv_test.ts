/** What this project relies on in @std/dotenv; holds for the stand-in and for the original. @module */

import { assertEquals, assertFalse, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parse } from "@std/dotenv";

/** The originals hang or fail where tests with this option say what the stand-ins do instead. */
const intendedDifference = { ignore: !import.meta.resolve("@std/dotenv").endsWith("/src/stand_ins/dotenv/mod.ts") };

const DOTENV: [what: string, text: string, variables: Record<string, string>][] = [
  ["nothing", "", {}],
  ["a value", "A=b", { A: "b" }],
  ["spaces around", " \tA =  b c \t", { A: "b c" }],
  ["an empty value", "A=\nB=''\nC=\"\"", { A: "", B: "", C: "" }],
  ["lines and comments between", "\n# A=a\n\nB=b\r\n  #C=c\r\nD=d", { B: "b", D: "d" }],
  ["lines that assign nothing", "hello\nhow are you=x\n=x\nA=b", { A: "b" }],
  ["export", "export A=b\nexport=c", { A: "b", export: "c" }],
  ["a comment behind a value", "A=b # c\nB=b#c\nC='b' # c\nD=\"b\" # c", { A: "b", B: "b", C: "b", D: "b" }],
  ["# within quotes", "A='b # c'\nB=\"b # c\"", { A: "b # c", B: "b # c" }],
  ["= within a value", "A=b==c", { A: "b==c" }],
  ["quotes within a value", `A={"b": "c"}\nB=it's`, { A: `{"b": "c"}`, B: "it's" }],
  ["a quote that is never closed", `A='b\nB="c`, { A: "'b", B: `"c` }],
  ["spaces within quotes", "A=' b '\nB=\" b \"", { A: " b ", B: " b " }],
  ["lines within quotes", "A='b\nc'\nB=\"\nb\n\nc\n\"\nC=d", { A: "b\nc", B: "b\n\nc", C: "d" }],
  ["an assignment within quotes", "A='\nB=b\n'\nC=c", { A: "B=b", C: "c" }],
  ["escapes within double quotes", String.raw`A="\n\r\t\"\'\\\x"`, { A: "\n\r\t\"'\\\\x" }],
  ["escapes elsewhere", String.raw`A='b\nc'` + "\n" + String.raw`B=b\nc`, { A: "b\\nc", B: "b\\nc" }],
  ["a name given twice", "A=b\nA=c", { A: "c" }],
  ["the name __proto__", "__proto__=a", Object.fromEntries([["__proto__", "a"]])],
  ["a reference", "A=b\nB=$A\nC=${A}", { A: "b", B: "b", C: "b" }],
  ["a reference to what follows", "A=$B\nB=b", { A: "b", B: "b" }],
  ["a reference to a reference", "A=a\nB=b${A}\nC=c${B}c", { A: "a", B: "ba", C: "cbac" }],
  ["one name referred to twice, by two ways", "A=$B$C\nB=$D\nC=$D\nD=d", { A: "dd", B: "d", C: "d", D: "d" }],
  ["a reference to quoted text", "A=' b '\nB=<$A>", { A: " b ", B: "< b >" }],
  ["references within quotes", "A=a\nB='$A'\nC=\"${A}\"", { A: "a", B: "$A", C: "${A}" }],
  ["an escaped reference", "A=a\nB=\\$A", { A: "a", B: "\\$A" }],
  ["a $ that is no reference", "A=5$\nB=$ 5", { A: "5$", B: "$ 5" }],
  ["a default", "B=${STD_TEST_NO:-b}\nC=$STD_TEST_NO:-c/d", { B: "b", C: "c/d" }],
  ["a default not needed", "A=a\nB=${A:-b}\nC=$A:-c", { A: "a", B: "a", C: "a" }],
  ["a default with a default", "A=a\nB=${STD_TEST_NO:-${STD_TEST_NO:-b}}\nC=${STD_TEST_NO:-${A:-c}}", {
    A: "a",
    B: "b",
    C: "a",
  }],
  ["a variable of the environment", "A=$STD_TEST_YES", { A: "from the environment" }],
  ["a variable of the file before the environment's", "STD_TEST_YES=a\nA=$STD_TEST_YES", { STD_TEST_YES: "a", A: "a" }],
  ["a name nobody knows", "A=<$STD_TEST_NO>", { A: "<undefined>" }],
];

for (const [what, text, variables] of DOTENV) {
  Deno.test(`parse reads ${what}`, () => {
    using _ = environment("STD_TEST_YES", "from the environment");
    assertEquals(parse(text), variables);
  });
}

Deno.test("parse warns of an invalid name and leaves it out", () => {
  const warnings: unknown[][] = [], { warn } = console;
  console.warn = (...data) => warnings.push(data);
  try {
    assertEquals(parse("1A=a\nB-C=b\nD=d"), { D: "d" });
  } finally {
    console.warn = warn;
  }
  assertEquals(warnings.length, 2);
  assertStringIncludes(String(warnings[0]), `Ignored the key "1A"`);
  assertStringIncludes(String(warnings[1]), `Ignored the key "B-C"`);
});

Deno.test("parse leaves nothing of Object.prototype in its result", () => {
  assertStrictEquals(parse("A=a").toString, undefined);
});

const CIRCULAR: [what: string, text: string, names: string[]][] = [
  ["itself", "A=secret$A", ["A"]],
  ["itself, to extend the environment's", "PATH=$PATH:secret", ["PATH"]],
  ["itself in a default", "A=${STD_TEST_NO:-secret$A}", ["A"]],
  ["another that refers back", "A=secret$B\nB=${A}", ["A", "B"]],
  ["a circle of three it is not part of", "START=$A\nA=$B\nB=$C\nC=secret$A", ["A", "B", "C"]],
  ["itself, by the environment", "A=$STD_TEST_BACK", ["A", "STD_TEST_BACK"]],
  ["itself, by a reference made of pieces", "A=$B{A}\nB='$'", ["A", "B"]],
  ["others, growing without end", "A=$${M}\nM={M}{M}$$", ["M"]],
];

for (const [what, text, names] of CIRCULAR) {
  Deno.test(`parse fails on a variable that refers to ${what}, and names no value`, intendedDifference, () => {
    using _ = environment("STD_TEST_BACK", "secret$A");
    const { message } = assertThrows(() => parse(text), Error, "Cannot expand the variable");
    assertEquals(message.match(/variables? ([\w, ]+):/)?.[1]?.split(", ").toSorted(), names);
    assertFalse(message.includes("secret"));
  });
}

Deno.test({
  name: "parse takes a variable it may not read for unset",
  permissions: { env: ["STD_TEST_YES"] },
  ...intendedDifference,
  fn() {
    using _ = environment("STD_TEST_YES", "seen");
    assertEquals(parse("A=$HOME\nB=${HOME:-b}\nC=$STD_TEST_YES"), { A: "undefined", B: "b", C: "seen" });
  },
});

function environment(name: string, value: string): Disposable {
  Deno.env.set(name, value);
  return { [Symbol.dispose]: () => Deno.env.delete(name) };
}

import { assertEquals } from "@std/assert";
import house from "../../src/tools/lint/house.ts";

/** Rules that a source breaks. */
function broken(source: string, name = "/repository/src/part.ts"): string[] {
  return Deno.lint.runPlugin(house, name, source).map(({ id }) => id);
}

for (
  const [what, source] of Object.entries({
    "a call": "using file = open();\n  file.sync();",
    "a condition": "using held = hold();\n  if (!held.isComplete) return;\n  work();",
    "an argument": "using client = make();\n  const socket = dial(client);\n  socket.send();",
    "an answer": "await using file = await open();\n  return file.size;",
    "a copied field": "using held = hold();\n  const all = { ...held };\n  work(all);",
  })
) {
  Deno.test(`a resource that is used for nothing but ${what} right behind it is found`, () => {
    assertEquals(broken(`async function f() {\n  ${source}\n}`), ["house/using-once"]);
  });
}

for (
  const [what, source] of Object.entries({
    "used twice": "using file = open();\n  file.sync();\n  file.sync();",
    "used later": "using file = open();\n  work();\n  file.sync();",
    "used in a block": "using file = open();\n  try {\n    file.sync();\n  } finally {\n    work();\n  }",
    "held by another name": "const file = open();\n  using _file = file;\n  file.sync();",
    "there for its end alone": "using _ = open();\n  work();",
    "taken apart": "using file = open();\n  const { size } = file;\n  work(size);",
  })
) {
  Deno.test(`a resource that is ${what} is none that the minifier loses`, () => {
    assertEquals(broken(`function f() {\n  ${source}\n}`), []);
  });
}

Deno.test("what is never bundled may use a resource once", () => {
  const source = "function f() {\n  using file = open();\n  file.sync();\n}";
  const names = ["tests/part_test.ts", "src/tools/part.ts", "src/test_server/part.ts"];
  assertEquals(names.map((name) => broken(source, `/repository/${name}`)), [[], [], []]);
});

Deno.test("a function of more than sixty lines is found in src/ alone", () => {
  const long = `function f() {\n${"  work();\n".repeat(60)}}`;
  assertEquals(broken(long), ["house/function-length"]);
  assertEquals(broken(long, "/repository/tests/part_test.ts"), []);
});

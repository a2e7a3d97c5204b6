/** The `.env` file: what @std/dotenv makes of it, with references that come to an end. @module */

import { assert, assertEquals, assertFalse, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { parse } from "@std/dotenv";
import fc from "fast-check";
import { parseEnvFile } from "../../src/settings/env_file.ts";
import { EXIT, FatalError } from "../../src/errors.ts";

/** The error that a file is refused with. */
function refusal(text: string, environment?: (name: string) => string | undefined): FatalError {
  return assertThrows(() => parseEnvFile(text, environment), FatalError, "Cannot read the settings file: ");
}

/** What a `.env` file is made of: names that may refer to each other, and everything that counts as syntax. */
const aText = fc.array(
  fc.constantFrom(
    ...["A=", "B=", "C=", "export ", "$A", "$B", "${C}", "${A:-", "DOLLAR", "A", "B"],
    ...["=", "$", "${", "}", ":-", "\\", "'", '"', "#", " ", "\n", "\r\n", "\n", "x", "λ"],
  ),
  { maxLength: 40 },
).map((pieces) => pieces.join(""));

Deno.test("the guide's .env file is read, comments behind values included", () => {
  const text = `# Abilita modalità WebSocket
USE_WEBSOCKET=true

# URL del server WebSocket
WEBSOCKET_URL=ws://localhost:8080

# Configurazioni opzionali
WEBSOCKET_RECONNECT_INTERVAL=5000  # Tempo tra i tentativi di riconnessione (ms)
WEBSOCKET_MAX_RECONNECT_ATTEMPTS=10  # Numero massimo di tentativi di riconnessione

# Output (uguale per entrambe le modalità)
EVENT_OUTPUT_PATH=iexec_out/responses.json
`;
  const variables = {
    USE_WEBSOCKET: "true",
    WEBSOCKET_URL: "ws://localhost:8080",
    WEBSOCKET_RECONNECT_INTERVAL: "5000",
    WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "10",
    EVENT_OUTPUT_PATH: "iexec_out/responses.json",
  };
  for (const written of [text, text.replaceAll("\n", "\r\n"), `\ufeff${text}`]) {
    assertEquals(parseEnvFile(written), variables);
  }
});

const VALUES: [what: string, text: string, variables: Record<string, string>][] = [
  ["an empty file sets nothing", "", {}],
  ["the last of two values counts", "A=1\nA=2", { A: "2" }],
  ["quotes keep spaces, # and line breaks", `A=" a # b "\nB='two\nlines'`, { A: " a # b ", B: "two\nlines" }],
  ["a reference is followed, with braces and without", "A=a\nB=$A/${A}s", { A: "a", B: "a/as" }],
  ["a reference to a reference is followed", "A=a\nB=$A$A\nC=$B$B", { A: "a", B: "aa", C: "aaaa" }],
  ["a default stands in for what is not set", "A=${NOT_SET:-a}", { A: "a" }],
  ["single quotes keep a $", "A='$A'", { A: "$A" }],
  ["double quotes keep a $", 'A="$A ${A}"', { A: "$A ${A}" }],
  ["a backslash keeps a $", "A=\\$A", { A: "\\$A" }],
  ["a $ that names nothing is kept", "A=5$\nB=$$ $", { A: "5$", B: "$$ $" }],
  ["a variable that is referred to twice is no circle", "A=${B}\nB=b\nC=${A}${B}", { A: "b", B: "b", C: "bb" }],
];

for (const [what, text, variables] of VALUES) {
  Deno.test(`in a .env file ${what}`, () => {
    assertEquals(parseEnvFile(text), variables);
  });
}

Deno.test("names that a file may choose to disturb its reading are names like any other", () => {
  const text = "DOLLAR=$DOLLARR\nDOLLARR=${DOLLARRR}\nDOLLARRR='$'\n__proto__=p\nconstructor=c";
  assertEquals(Object.entries(parseEnvFile(text)), [
    ["DOLLAR", "$"],
    ["DOLLARR", "$"],
    ["DOLLARRR", "$"],
    ["__proto__", "p"],
    ["constructor", "c"],
  ]);
});

Deno.test("every text is read as @std/dotenv reads it, or refused where that would never end", () => {
  using _warnings = silencedWarnings();
  let compared = 0;
  fc.assert(fc.property(aText, (text) => {
    const variables = resultOrError(() => parseEnvFile(text));
    if (variables instanceof Error) return assertInstanceOf(variables, FatalError);
    const expected = resultOrError(() => parse(text));
    // It asks the environment for whatever stands between braces, and that does not like a "=" in a name.
    if (expected instanceof Error) return assertInstanceOf(expected, TypeError);
    compared++;
    assertEquals(variables, { ...expected });
  }));
  assert(compared > 0, "every text was refused");
});

Deno.test("a circle of any length is refused, however its references are written and from wherever it is entered", () => {
  const aStyle = fc.constantFrom(
    (name: string) => `$${name}`,
    (name: string) => `\${${name}}`,
    (name: string) => `\${NOT_SET:-$${name}}`,
    (name: string) => `x$${name}/$${name}`,
  );
  const aCircle = fc.array(aStyle, { minLength: 1, maxLength: 12 });
  fc.assert(fc.property(aCircle, fc.boolean(), fc.boolean(), (styles, entered, quoted) => {
    const lines = styles.map((reference, index) => {
      const value = reference(`V${(index + 1) % styles.length}`);
      // Quotes keep the references of all but the first from being followed there, yet it brings them in.
      return index > 0 && quoted ? `V${index}='${value}'` : `V${index}=${value}`;
    });
    const text = [...lines, ...(entered ? ["START=$V0"] : [])].join("\n");
    const { message, exitCode } = refusal(text);
    assertStrictEquals(exitCode, EXIT.settings);
    for (const index of styles.keys()) assert(message.includes(`V${index}`), message);
  }));
});

Deno.test("a reference to what is not set is refused, and told without what may be half a token", () => {
  const { message } = refusal("TOKEN=pa$word");
  assert(message.includes("TOKEN") && !message.includes("word"));
  assertEquals(parseEnvFile("TOKEN='pa$word'"), { TOKEN: "pa$word" });
});

Deno.test("a circle by way of the environment is refused", () => {
  const environment = (name: string) => name === "BACK" ? "x$A" : undefined;
  assert(refusal("A=$BACK", environment).message.includes("by way of BACK, A"));
});

Deno.test("a circle whose references are made of pieces is refused", () => {
  for (const text of ["A=$B{A}\nB='$'", "A=${B}A\nB='$'", "A=$${M}\nM={M}{M}$$"]) refusal(text);
});

Deno.test("references that multiply are refused before they fill the memory", () => {
  const doubling = Array.from({ length: 64 }, (_, index) => `V${index}=$V${index + 1}$V${index + 1}`);
  assert(refusal([...doubling, "V64=x"].join("\n")).message.includes("V0"));
  // Five times what the longest string there can be holds.
  assert(refusal(`A=${"$B".repeat(5_000)}\nB='${"x".repeat(500_000)}'`).message.includes("by way of B"));
});

Deno.test("a long chain of references is followed to its end", () => {
  const chain = Array.from({ length: 24 }, (_, index) => `V${index}=$V${index + 1}`);
  assertEquals(parseEnvFile([...chain, "V24=end"].join("\n")).V0, "end");
});

Deno.test("texts made to keep a regular expression busy come to an end", () => {
  const open = "${A".repeat(2_000) + ":-".repeat(5_000);
  assertEquals(parseEnvFile(`A=${open}`), { A: open });
  refusal(`A=${"${A:-".repeat(3_000)}}`);
  refusal("B=C=${A:-$B$B");
  assertEquals(parseEnvFile(`A="${"\r\n".repeat(1_000)}`), { A: '"' });
});

Deno.test("a reference to what the file does not set is taken from the environment it is read with", () => {
  const environment = (name: string) => name === "HOST" ? "example.org" : undefined;
  const text = "A=wss://$HOST/a\nHOME_URL=${HOME:-none}";
  assertEquals(parseEnvFile(text, environment), { A: "wss://example.org/a", HOME_URL: "none" });
});

Deno.test("what the file sets is taken before the environment", () => {
  assertEquals(parseEnvFile("A=file\nB=$A", () => "environment"), { A: "file", B: "file" });
});

Deno.test("the environment is asked for nothing that can't be a name", () => {
  const asked: string[] = [];
  const environment = (name: string) => (asked.push(name), undefined);
  for (const reference of ["${a=b:-x}", "${a b:-x}", "${\0:-x}", "${OK:-x}"]) {
    assertEquals(parseEnvFile(`A=${reference}`, environment), { A: "x" });
  }
  assertEquals(asked, ["OK"]);
});

Deno.test("a refusal names variables, never a value", () => {
  for (const text of ["A=CANARY$A", "A='CANARY$B'\nB=CANARY$A CANARY", "A=${CANARY=}$A"]) {
    assertFalse(refusal(text).message.includes("CANARY"));
  }
});

function resultOrError<T>(read: () => T): T | Error {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** @std/dotenv warns of names it leaves out; drawn texts are full of them. */
function silencedWarnings(): Disposable {
  const { warn } = console;
  console.warn = () => {};
  return { [Symbol.dispose]: () => console.warn = warn };
}

/** The licence notices of the executable: complete for what is bundled, and each text once. @module */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import notices from "../../src/program/licenses.json" with { type: "json" };
import { licensesText } from "../../src/program/licenses.ts";
import { collectNotices } from "../../src/tools/licenses/collect.ts";
import { gatherNotices, noticesOf, splitNotice } from "../../src/tools/licenses/notices.ts";
import { inlinedPackages } from "../../src/tools/licenses/packages.ts";
import { ROOT } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

Deno.test("src/program/licenses.json has the notices of every bundled package; `deno task docs` writes it", async () => {
  await using folder = makeFolder();
  const { parts, texts } = await collectNotices(ROOT, folder.path);
  assertEquals(notices.parts.map(({ name }) => name), parts.map(({ name }) => name));
  assertEquals<unknown>(notices, { parts, texts });
});

Deno.test("every part of the executable is printed with its rights and its licence's text", () => {
  const printed = licensesText();
  for (const { name, copyright, text } of notices.parts) {
    const group = printed.split("-".repeat(80)).find((group) => group.includes(`\n${name}\n`));
    for (const line of [...copyright, ...notices.texts[text]!]) assertStringIncludes(group!, line);
  }
});

Deno.test("a package that another one has inlined counts if the bundle still declares a name of it", () => {
  const published = `
// ../../node_modules/kept/index.js
var kept = 1;
// ../../node_modules/outer/node_modules/@scope/inner/lib/index.js
class Inner {}
// ../../node_modules/dropped/index.js
var dropped = 2;
// src/own.ts
function own() { return kept + new Inner(); }
`;
  const bundle = "var kept = 1; class Inner {} function own() { return kept + new Inner(); } object.dropped();";
  assertEquals(inlinedPackages(published, bundle), new Set(["kept", "@scope/inner"]));
});

const MIT = "Permission is hereby granted, free of charge,\nto any person: (a) to use it; (b) to copy it.";

Deno.test("a licence file is its holders and its text, whatever its title", () => {
  const file = `# The MIT License (MIT)\r\n\r\nCopyright (c) 2020 Ada\r\nCopyright 2021 Bob\r\n\r\n${MIT}\r\n`;
  assertEquals(splitNotice(file), { copyright: ["Copyright (c) 2020 Ada", "Copyright 2021 Bob"], text: MIT });
});

Deno.test("texts that differ in line breaks and marks only are kept once, other texts apart", () => {
  const marked = "Permission is hereby granted, **free of charge**, to any person:\n1. to use it;\n2. to copy it.";
  const { parts, texts } = gatherNotices([
    { name: "a 1.0.0", copyright: ["Copyright 2020 Ada"], text: marked },
    { name: "b 1.0.0", copyright: ["Copyright 2021 Bob"], text: MIT },
    { name: "c 1.0.0", copyright: [], text: "Public domain." },
  ]);
  assertEquals(parts.map(({ text }) => text), [0, 0, 1]);
  assertEquals(texts, [MIT.split("\n"), ["Public domain."]]);
});

Deno.test("code from elsewhere inside a package has its own notice, and a package without a licence is an error", async () => {
  await using folder = makeFolder();
  const bundled = { name: "outer", version: "1.0.0", path: folder.path, folders: ["lib/vendor/inner", "lib"] };
  assertThrows(() => noticesOf(bundled), FatalError, "outer 1.0.0 has no licence file");
  Deno.mkdirSync(`${folder.path}/src/lib/vendor/inner`, { recursive: true });
  Deno.mkdirSync(`${folder.path}/lib/vendor/unused`, { recursive: true });
  Deno.writeTextFileSync(`${folder.path}/LICENSE`, `Copyright 2020 Ada\n\n${MIT}`);
  Deno.writeTextFileSync(`${folder.path}/src/lib/vendor/inner/LICENSE.md`, `Copyright 2021 Bob\n\n${MIT}`);
  Deno.writeTextFileSync(`${folder.path}/lib/vendor/unused/LICENSE`, `Copyright 2022 Eve\n\n${MIT}`);
  assertEquals(noticesOf(bundled).map(({ name, copyright }) => [name, ...copyright]), [
    ["outer 1.0.0", "Copyright 2020 Ada"],
    ["outer 1.0.0, lib/vendor/inner", "Copyright 2021 Bob"],
  ]);
});

/** A Deno that is too old is named at the start, not by the errors that it leads to. @module */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { EXIT, FatalError } from "../../src/errors.ts";
import { checkDenoVersion, OLDEST_DENO } from "../../src/program/deno_version.ts";

Deno.test("a Deno that is older than the oldest one is refused with 78 and what to do", () => {
  for (const version of ["1.46.3", "2.0.0", "2.6.20", "2.7.10", "2.7.9+a1b2c3d", "2.7.0-rc.1"]) {
    const { message, exitCode } = assertThrows(() => checkDenoVersion(version), FatalError);
    assertStringIncludes(message, `needs Deno 2.7.11 or newer, and this is Deno ${version}. Call deno upgrade`);
    assertEquals(exitCode, EXIT.settings);
  }
});

Deno.test("the oldest one and all newer ones are taken", () => {
  for (const version of [OLDEST_DENO, "2.7.12", "2.7.11+a1b2c3d", "2.8.0", "2.10.0", "3.0.0-rc.0", Deno.version.deno]) {
    checkDenoVersion(version);
  }
});

Deno.test("README.md names the same version", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  assertStringIncludes(readme, `If you have Deno ${OLDEST_DENO} or newer`);
});

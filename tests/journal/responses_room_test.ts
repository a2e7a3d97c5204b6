/** The arithmetic of making room in `responses.json`. @module */

import { assertEquals } from "@std/assert";
import { MAX_COPIED_BYTES, roomFor } from "../../src/journal/responses_room.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test("entries that fit before the closing leave it where it is", () => {
  assertEquals(roomFor(200, { end: 100, closing: 200, isBusy: true }), { kind: "held" });
  assertEquals(roomFor(201, { end: 100, closing: 200, isBusy: true }).kind, "copy");
});

Deno.test("the first copy after a rest holds nothing ready, the next ones do", () => {
  const reserve = (newEnd: number, end: number) => roomFor(newEnd, { end, closing: end, isBusy: true });
  assertEquals(roomFor(5000, { end: 4000, closing: 4000, isBusy: false }), { kind: "copy", blankBytes: 0 });
  assertEquals(reserve(5000, 4000), { kind: "copy", blankBytes: 16 * 1024 });
  assertEquals(reserve(MEBIBYTE - 3, MEBIBYTE - 5000), { kind: "copy", blankBytes: MEBIBYTE / 8 });
  assertEquals(reserve(30_000, 10_000), { kind: "copy", blankBytes: 8 * 20_000 });
  assertEquals(reserve(MEBIBYTE, MEBIBYTE / 2), { kind: "copy", blankBytes: MEBIBYTE });
});

Deno.test("a file that is too large is not copied, and holds less ready", () => {
  const at = { end: MAX_COPIED_BYTES - 4200, closing: 1 };
  assertEquals(roomFor(MAX_COPIED_BYTES, { ...at, isBusy: true }).kind, "copy");
  assertEquals(roomFor(MAX_COPIED_BYTES + 1, { ...at, isBusy: true }), { kind: "write", blankBytes: 64 * 1024 });
  assertEquals(roomFor(MAX_COPIED_BYTES + 1, { ...at, isBusy: false }), { kind: "write", blankBytes: 0 });
});

/** The arithmetic of making room in `responses.json`. @module */

import { assertEquals } from "@std/assert";
import { MAX_COPIED_BYTES, roomFor } from "../../src/journal/responses_room.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test("entries that fit before the closing leave it where it is", () => {
  assertEquals(roomFor(200, { end: 100, closing: 200, isBusy: true }), { kind: "held" });
  assertEquals(roomFor(201, { end: 100, closing: 200, isBusy: true }).kind, "page");
});

Deno.test("within a page, entries and closing change together; the closing counts", () => {
  assertEquals(roomFor(4093, { end: 1, closing: 1, isBusy: false }), { kind: "page" });
  assertEquals(roomFor(4094, { end: 1, closing: 1, isBusy: false }), { kind: "copy", blankBytes: 0 });
  assertEquals(roomFor(8189, { end: 4096, closing: 4096, isBusy: false }), { kind: "page" });
  assertEquals(roomFor(4200, { end: 4095, closing: 4095, isBusy: false }).kind, "copy");
});

Deno.test("the first copy after a rest holds nothing ready, the next ones do", () => {
  const reserve = (newEnd: number, end: number) => roomFor(newEnd, { end, closing: end, isBusy: true });
  assertEquals(roomFor(5000, { end: 4000, closing: 4000, isBusy: false }), { kind: "copy", blankBytes: 0 });
  assertEquals(reserve(5000, 4000), { kind: "copy", blankBytes: 16 * 1024 });
  assertEquals(reserve(MEBIBYTE - 3, MEBIBYTE - 5000), { kind: "copy", blankBytes: MEBIBYTE / 8 });
  assertEquals(reserve(30_000, 10_000), { kind: "copy", blankBytes: 8 * 20_000 });
  assertEquals(reserve(MEBIBYTE, MEBIBYTE / 2), { kind: "copy", blankBytes: MEBIBYTE });
});

Deno.test("a file that is too large is not copied", () => {
  assertEquals(roomFor(MAX_COPIED_BYTES, { end: 4 * MEBIBYTE - 4200, closing: 1, isBusy: true }).kind, "copy");
  assertEquals(roomFor(MAX_COPIED_BYTES + 1, { end: 4 * MEBIBYTE - 4200, closing: 1, isBusy: true }).kind, "write");
});

import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { prepareInsertion } from "../../src/store/insertion.ts";

function openNumbers() {
  const sqlite = new DatabaseSync(":memory:");
  sqlite.exec("CREATE TABLE number (seq INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, twice INTEGER) STRICT");
  const insertion = prepareInsertion(sqlite, {
    into: "INSERT INTO number (seq, name, twice)",
    row: "(?1, ?2, coalesce(?3, 2 * ?1))",
  });
  const rows = () =>
    sqlite.prepare("SELECT seq, name, twice FROM number ORDER BY seq").all().map((row) => ({ ...row }));
  return { sqlite, insertion, rows, [Symbol.dispose]: () => sqlite.close() };
}

for (const count of [0, 1, 15, 16, 17, 40]) {
  Deno.test(`of ${count} rows each is inserted once, with its own values`, () => {
    using numbers = openNumbers();
    const added = numbers.insertion.begin();
    for (let seq = 1; seq <= count; seq++) added.add(seq, `n${seq}`, seq % 2 === 0 ? null : 7);
    added.finish();
    added.finish();
    const expected = Array.from({ length: count }, (_, index) => index + 1)
      .map((seq) => ({ seq, name: `n${seq}`, twice: seq % 2 === 0 ? 2 * seq : 7 }));
    assertEquals(numbers.rows(), expected);
  });
}

Deno.test("rows that were given before an error are not inserted with the next ones", () => {
  using numbers = openNumbers();
  numbers.insertion.begin().add(1, "never finished", null);
  const refused = numbers.insertion.begin();
  refused.add(2, "two", null);
  refused.add(3, "two", null);
  numbers.sqlite.exec("BEGIN");
  assertThrows(() => refused.finish(), Error, "UNIQUE");
  numbers.sqlite.exec("ROLLBACK");
  const next = numbers.insertion.begin();
  next.add(2, "two", null);
  next.add(3, "three", null);
  next.finish();
  assertEquals(numbers.rows().map(({ seq, name }) => [seq, name]), [[2, "two"], [3, "three"]]);
});

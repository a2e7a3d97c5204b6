/** What is handed to GitHub: the workflow, and the forms for issues. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "yaml";
import { fileUrl, readFile } from "./support/documents.ts";

/** A field of a form. @see https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema */
interface Field {
  type: string;
  id?: string;
  attributes: { label?: string; value?: string; options?: unknown[] };
  validations?: { required?: boolean };
}

const FORMS = ".github/ISSUE_TEMPLATE";
const FIELDS = ["checkboxes", "dropdown", "input", "markdown", "textarea"];

for (const { name } of Deno.readDirSync(fileUrl(FORMS))) {
  if (name === "config.yml") continue;
  Deno.test(`the form ${name} has what GitHub asks of a form`, () => {
    const form: { name: string; description: string; body: Field[] } = parse(readFile(`${FORMS}/${name}`));
    for (const text of [form.name, form.description]) assertEquals(typeof text, "string");
    for (const { type, attributes } of form.body) {
      assert(FIELDS.includes(type), type);
      assertEquals(typeof (type === "markdown" ? attributes.value : attributes.label), "string");
      if (type === "dropdown" || type === "checkboxes") assert(attributes.options!.length > 0);
    }
    const ids = form.body.flatMap(({ id }) => id ?? []);
    assertEquals(new Set(ids).size, ids.length);
    for (const id of ids) assertMatch(id, /^[\w-]+$/);
    assert(form.body.some(({ validations }) => validations?.required), "no field is required");
  });
}

Deno.test("an issue about security is led to a private report", () => {
  const { contact_links: [link] } = parse(readFile(`${FORMS}/config.yml`));
  assertEquals([typeof link.name, new URL(link.url).protocol, typeof link.about], ["string", "https:", "string"]);
});

Deno.test("the workflow calls .ci/run, may only read, and names no registry", () => {
  const text = readFile(".github/workflows/ci.yml");
  const { on, permissions, jobs }: {
    on: Record<string, unknown>;
    permissions: unknown;
    jobs: Record<string, { steps: { run?: string }[] }>;
  } = parse(text);
  assertEquals(Object.keys(on), ["push", "pull_request"]);
  assertEquals(permissions, { contents: "read" });
  assert(jobs["ci"]!.steps.some(({ run }) => run === ".ci/run"));
  assertEquals(/registry|mirror|npmrc/i.exec(text), null);
  assert((Deno.statSync(fileUrl(".ci/run")).mode! & 0o111) !== 0, ".ci/run is executable");
});

/** Words, their stems, and the language that a text is in. @module */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { stem } from "../../../src/mind/knowledge/english_stems.ts";
import { generalWords } from "../../../src/mind/knowledge/general_words.ts";
import { languageOf, SPOKEN } from "../../../src/mind/knowledge/language.ts";
import { beginningOf, stemOf } from "../../../src/mind/knowledge/stems.ts";
import { openSynonyms } from "../../../src/mind/knowledge/synonyms.ts";
import { isOneLetterOff, longTermsOf, nearestTo } from "../../../src/mind/knowledge/typos.ts";
import { termsOf, wordsOf } from "../../../src/mind/knowledge/words.ts";

Deno.test("forms of one English word share a stem", () => {
  const families = [
    ["encrypt", "encrypts", "encrypted", "encrypting", "encryption"],
    ["run", "runs", "running", "ran"],
    ["pay", "pays", "paid", "paying", "payment", "payments"],
    ["authorize", "authorizes", "authorized", "authorization", "authorise", "authorisation"],
    ["process", "processes", "processed", "processing"],
    ["small", "smallest"],
    ["tee", "tees"],
    ["verify", "verified", "verification"],
    ["call", "calls", "calling", "called"],
  ];
  for (const family of families) assertEquals(new Set(family.map(stem)).size, 1, family.map(stem).join(" "));
  const different = ["order", "oracle", "worker", "voucher", "token", "task", "deal", "access", "address"];
  assertEquals(new Set(different.map(stem)).size, different.length);
});

Deno.test("won is a form of win, and won't is none", () => {
  assertEquals(termsOf("The bakery won a prize.", "en"), termsOf("Bakery, win: prizes", "en"));
  for (const text of ["The oven won't start.", "Won’t the oven start?"]) {
    assertEquals(termsOf(text, "en"), termsOf("oven start", "en"), text);
  }
});

Deno.test("forms of one word share a stem in four more languages, with accents and without", () => {
  const families = [
    ["it", "protetto", "protetti", "protetta", "protette"],
    ["fr", "chiffrer", "chiffre", "chiffrée", "chiffrees"],
    ["es", "dato", "datos"],
    ["de", "Rechner", "Rechners", "Rechnern"],
  ] as const;
  for (const [language, ...family] of families) {
    const terms = family.map((word) => termsOf(word, language).join());
    assertEquals(new Set(terms).size, 1, terms.join(" "));
  }
});

Deno.test("a compound is found whole and by its parts, and small words are not found at all", () => {
  assertEquals(termsOf("IEXEC_OUT/computed.json"), ["iexec_out", "iexec", "computed.json", "comput", "json"]);
  assertEquals(termsOf("Web3Mail"), ["web3mail", "web3", "mail"]);
  assertEquals(termsOf("What is the TEEs' state-of-the-art?"), ["tee", "state-of-the-art", "stat", "art"]);
  assertEquals(termsOf("I am what I was. A 7"), []);
  assertEquals(termsOf("nRLC, iApps"), ["nrlc", "iapp"]);
});

Deno.test("a name has a capital within a sentence, and words side by side are told", () => {
  const words = wordsOf("Is the credit card of Solana new? Ada knows.", "en");
  assertEquals(words.map(({ written, isName, isNext }) => [written, isName, isNext]), [
    ["credit", false, false],
    ["card", false, true],
    ["solana", true, false],
    ["new", false, true],
    ["ada", false, false],
  ]);
  assertEquals(wordsOf("la carta di credito", "it").map(({ isNext }) => isNext), [false, true]);
});

Deno.test("a script without blanks is cut into words", () => {
  const chinese = termsOf("番茄种在南墙边，那里最暖和。"), japanese = termsOf("トマトは南の壁のそばに植えてあります。");
  assert(chinese.includes("番茄") && japanese.includes("トマト") && japanese.includes("壁"), `${chinese} ${japanese}`);
  assert(termsOf("iExecは分散型です").includes("iexec"));
  assert(termsOf("ประเทศไทยสวยงาม").length > 1);
});

Deno.test("the terms of a very long text are those of its beginning and its end", () => {
  const terms = termsOf(`begin ${"x ".repeat(1_000_000)} finish`);
  assertEquals([terms.at(0), terms.at(-1)], ["begin", "finish"]);
  assertLess(terms.length, 4_000);
});

Deno.test("a language is told by its small words, and a lone name is in the language before it", () => {
  const texts = [
    ["en", "What is a voucher?"],
    ["en", "iExec is a platform for confidential computing."],
    ["it", "Che cos'è un voucher?"],
    ["it", "Cos'e iExec"],
    ["fr", "Qu'est-ce qu'un voucher ?"],
    ["fr", "C'est quoi RLC ?"],
    ["fr", "À quelle heure ferme le magasin ?"],
    ["es", "¿Qué es un voucher?"],
    ["es", "que es una TEE"],
    ["de", "Was ist ein Voucher?"],
    ["de", "Wofür ist RLC gut"],
    ["zh", "番茄种在哪里？"],
    ["ja", "トマトはどこ？"],
    ["en", "RLC?"],
    ["en", "Name?"],
    ["de", "Was kostet Brot?"],
    ["de", "Preis?"],
    ["it", "Prezzo?"],
    ["es", "Precio?"],
    ["en", "こ".slice(1)],
  ] as const;
  for (const [language, text] of texts) assertEquals(languageOf(text), language, text);
  assertEquals([languageOf("RLC?", "it"), languageOf("Name?", "de")], ["it", "de"]);
  // The German list has each letter of the alphabet.
  for (const text of ["x", "Vitamin C?", "Plan B"]) assertEquals(languageOf(text), "en", text);
  for (const [language, text] of [["fr", "C'est quoi"], ["it", "c'e"]]) assertEquals(languageOf(text!), language, text);
});

Deno.test("similarity goes both ways, and from the language of a question to those of the knowledge", () => {
  const synonyms = openSynonyms([]);
  for (const word of ["price", "machine", "permission"]) {
    const term = stem(word);
    assertGreater(synonyms.of(term, "en", ["en"]).size, 0);
    for (const other of synonyms.of(term, "en", ["en"])) {
      assert(synonyms.of(other, "en", ["en"]).has(term), `${term} ${other}`);
    }
  }
  assert(synonyms.of(stemOf("kaufen", "de"), "de", ["en", "it"]).has(stem("buy")));
  assert(!synonyms.of(stem("buy"), "en", ["en", "it"]).has(stemOf("kaufen", "de")), "no passage is in German");
  assertEquals(synonyms.of("xyzzy", "en", ["en"]).size, 0);
});

Deno.test("a character's own words are similar besides", () => {
  const synonyms = openSynonyms([{ en: ["iapp", "widget"], de: ["dings"] }]);
  assert(synonyms.of("iapp", "en", ["en"]).has("widget"));
  assert(synonyms.of(stemOf("dings", "de"), "de", ["en"]).has("iapp"));
});

Deno.test("one letter changed, left out, put in or swapped is one letter off, and two are not", () => {
  for (const typo of ["vaucher", "vouher", "vouccher", "vuocher"]) assert(isOneLetterOff(typo, "voucher"), typo);
  for (const other of ["voucher", "vauchar", "vouch", "pouchers"]) assert(!isOneLetterOff(other, "voucher"), other);
});

Deno.test("a wrong letter is forgiven in a longer word whose first letter is right", () => {
  const terms = longTermsOf(["vouch", "attest", "rice"]);
  assertEquals(nearestTo("vauch", "vaucher", terms), "vouch");
  assertEquals(nearestTo("atest", "atestation", terms), "attest");
  assertEquals(nearestTo("attest", "tattest", terms), undefined);
  assertEquals(nearestTo("rise", "rise", terms), undefined);
});

Deno.test("a word of the general groups begins with the letters that its stem begins with", () => {
  for (const spoken of SPOKEN) {
    for (const word of generalWords(spoken).flat()) {
      assertEquals(stemOf(word, spoken).slice(0, 2), beginningOf(word, spoken).slice(0, 2), `${spoken} ${word}`);
    }
  }
});

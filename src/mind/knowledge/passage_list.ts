/** The passages of all texts, as places in these: a few bytes for each, where an object with a text takes a hundred. @module */

import { detached, growing } from "./growing.ts";
import type { Packer, Unpacker } from "./packing.ts";
import { splitIntoPassages } from "./passages.ts";
import { createByteCounter, FileText, type KnowledgeText } from "./texts.ts";

/** A passage with its headings, and where it comes from. */
export interface IndexedPassage extends KnowledgeText {
  readonly heading: string;
}

/** Passages in their order. */
export interface Passages extends Iterable<IndexedPassage> {
  readonly length: number;
  /** The passage at a place; undefined where there is none. */
  at(place: number): IndexedPassage | undefined;
}

/** Where passages stand. */
interface Places {
  /** The place of the first passage of each text, and how many passages there are. */
  readonly firsts: Uint32Array;
  /**
   * Where each passage begins, and how long it is: in bytes for a file's text, else in UTF-16 code units. For one that
   * does not stand in its text as it is: its place in `copies`, and {@linkcode COPIED}.
   */
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  /** The place in `headings` of each passage's. */
  readonly headed: Uint32Array;
  readonly headings: readonly string[];
  readonly copies: readonly string[];
}

/** In place of a length. */
const COPIED = 0xffffffff;

/** Passages of texts. They never change. */
export class PassageList implements Passages {
  readonly #texts: readonly KnowledgeText[];
  readonly #places: Places;

  constructor(texts: readonly KnowledgeText[], places: Places) {
    this.#texts = texts;
    this.#places = places;
  }

  get length(): number {
    return this.#places.starts.length;
  }

  at(place: number): IndexedPassage | undefined {
    const { firsts, starts, lengths, headed, headings, copies } = this.#places;
    if (!(place >= 0 && place < starts.length)) return undefined;
    const text = this.#texts[textAt(firsts, place)]!, start = starts[place]!, length = lengths[place]!;
    return {
      heading: headings[headed[place]!]!,
      text: length === COPIED ? copies[start]! : partOf(text, start, length),
      source: text.source,
    };
  }

  *[Symbol.iterator](): Iterator<IndexedPassage> {
    for (let place = 0; place < this.length; place++) yield this.at(place)!;
  }

  /** The texts of {@linkcode unpackPassages}. */
  packTexts(packer: Packer): void {
    const { headings, copies } = this.#places;
    for (const texts of [headings, copies]) {
      packer.text(`${texts.length}`);
      for (const text of texts) packer.text(text);
    }
  }

  /** The numbers of {@linkcode unpackPassages}. */
  *packNumbers(packer: Packer): Generator<void> {
    const { firsts, starts, lengths, headed } = this.#places;
    for (let text = 1; text < firsts.length; text++) {
      packer.number(firsts[text]! - firsts[text - 1]!);
      // Distances to the passage before take fewer bytes.
      for (let place = firsts[text - 1]!, end = 0; place < firsts[text]!; place++) {
        const isCopied = lengths[place] === COPIED, isNext = headed[place] !== (place > 0 ? headed[place - 1] : 0);
        packer.number(Number(isCopied) + 2 * Number(isNext));
        if (isCopied) continue;
        packer.number(starts[place]! - end);
        packer.number(lengths[place]!);
        end = starts[place]! + lengths[place]!;
      }
      yield;
    }
  }
}

/** What {@linkcode unpackTexts} gives. */
type Texts = Pick<Places, "headings" | "copies">;

/** The texts back from {@linkcode PassageList.packTexts}. */
export function unpackTexts(unpacker: Unpacker): Texts {
  const list = () => Array.from({ length: Number(unpacker.text()) }, () => unpacker.text());
  return { headings: list(), copies: list() };
}

/** The passages of `texts` back from {@linkcode PassageList.packNumbers}. */
export function unpackPassages(unpacker: Unpacker, texts: readonly KnowledgeText[], found: Texts): PassageList {
  const firsts = new Uint32Array(texts.length + 1), places = collectPlaces();
  let copied = 0, heading = 0;
  for (let text = 1; text < firsts.length; text++) {
    firsts[text] = firsts[text - 1]! + unpacker.number();
    for (let place = firsts[text - 1]!, end = 0; place < firsts[text]!; place++) {
      const marks = unpacker.number();
      heading += marks >> 1;
      if (marks & 1) {
        places.add(heading, copied++, COPIED);
        continue;
      }
      const start = end + unpacker.number(), length = unpacker.number();
      places.add(heading, start, length);
      end = start + length;
    }
  }
  return new PassageList(texts, { firsts, ...places.all(), ...found });
}

/** Collects where passages stand. */
function collectPlaces() {
  const starts = growing(Uint32Array), lengths = growing(Uint32Array), headed = growing(Uint32Array);
  return {
    size: starts.size,
    /** Add the next passage: see {@linkcode Places}. */
    add(heading: number, start: number, length: number) {
      headed.push(heading);
      starts.push(start);
      lengths.push(length);
    },
    all: () => ({ starts: starts.all(), lengths: lengths.all(), headed: headed.all() }),
  };
}

/** Cut texts into passages; yields after each passage, and returns them all. */
export function* cutTexts(texts: readonly KnowledgeText[]): Generator<void, PassageList> {
  const firsts = new Uint32Array(texts.length + 1), places = collectPlaces();
  const headings = [""], copies: string[] = [];
  for (const [at, held] of texts.entries()) {
    const { text } = held;
    const count = held instanceof FileText ? createByteCounter({ text, utf8: held.utf8 }) : (at: number) => at;
    for (const { heading, text: passage, start } of splitIntoPassages(text)) {
      if (heading !== headings.at(-1)) headings.push(detached(heading));
      const headed = headings.length - 1;
      // Cut between the two halves of a character, it can't be made of UTF-8.
      if (start < 0 || !passage.isWellFormed()) {
        places.add(headed, copies.length, COPIED);
        copies.push(detached(passage));
      } else {
        const first = count(start);
        places.add(headed, first, count(start + passage.length) - first);
      }
      yield;
    }
    firsts[at + 1] = places.size();
  }
  return new PassageList(texts, { firsts, ...places.all(), headings, copies });
}

/** All passages of texts, at once. */
export function passagesOf(texts: readonly KnowledgeText[]): PassageList {
  const cutting = cutTexts(texts);
  let step = cutting.next();
  while (!step.done) step = cutting.next();
  return step.value;
}

function partOf(text: KnowledgeText, start: number, length: number): string {
  return text instanceof FileText ? text.part(start, length) : text.text.slice(start, start + length);
}

/** The text that a passage is of: the last one whose first passage does not come behind it. */
function textAt(firsts: Uint32Array, place: number): number {
  let low = 0, high = firsts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (firsts[middle]! <= place) low = middle;
    else high = middle;
  }
  return low;
}

/** The languages that questions and knowledge may be in, and their small words, by which they are told apart. @module */

// File by file: all sixty languages of the package would take 10 ms of each start.
// @ts-types="./stopword.d.ts"
import { deu } from "stopword/deu";
// @ts-types="./stopword.d.ts"
import { eng } from "stopword/eng";
// @ts-types="./stopword.d.ts"
import { fra } from "stopword/fra";
// @ts-types="./stopword.d.ts"
import { ita } from "stopword/ita";
// @ts-types="./stopword.d.ts"
import { jpn } from "stopword/jpn";
// @ts-types="./stopword.d.ts"
import { spa } from "stopword/spa";
// @ts-types="./stopword.d.ts"
import { zho } from "stopword/zho";

/** The languages that are understood, by their ISO 639-1 codes. Any other text is treated as English. */
export const LANGUAGES = ["en", "it", "fr", "es", "de", "zh", "ja"] as const;
export type Language = typeof LANGUAGES[number];

/** The languages that have phrases of their own: greetings, refusals and forms of questions. */
export const SPOKEN = ["en", "it", "fr", "es", "de"] as const;
export type Spoken = typeof SPOKEN[number];

/**
 * Words that say nothing about what a question is about, beside the lists of the package `stopword`: those lists are made
 * for documents, and hold neither what people say in a chat (hello, please, explain) nor all forms of common verbs.
 * With the English list alone, 222 of 278 questions of the evaluation are answered rightly, with these words 247.
 */
const CHAT_WORDS: Readonly<Record<Language, string>> = {
  en: `
    above actually again already although anybody anyone anything around ask asked asking aside away below cannot does
    doing done down during either else etc even ever every everything exactly few further gets getting give given
    gives go goes going gone gave happen happened happens having hello help helps helpful hers herself hi hey hiya
    however instead involved its itself just kind know known knows let lets made makes may maybe mean means meant mine
    myself need needed needs neither no nor off oh ok okay once onto others ought ours own per perhaps please pls plz
    possible put puts quite rather really saying says see seem seems shall simply so somebody someone something sort
    sure taken takes tell tells thank thanks theirs thing things though thus together toward unless until upon us use
    used uses using via wants whatever when whenever whether whom whose why will within without yes yet yours yourself
    explain explained explains explanation describe description define defined definition different various certain
    particular specific mind become becomes became bring brings somehow good better best nice ago nowadays currently
    lately recently later earlier soon anymore meanwhile otherwise therefore hence besides according regarding
    concerning among beside behind beyond despite across along greetings dear regards cheers sorry pardon excuse thx
    ty bye goodbye wonder wondering wondered curious quick quickly basically btw asap eli5 faq fyi question questions
    meaning understand learn info details overview summary summarize brief briefly stuff kindly appreciate appreciated
    hope hoping newbie beginner dummies alright um hmm eh lol u r ur im ive dont doesnt cant whats hows wheres whos
    sir madam anyway purpose idea concept topic elaborate clarify lot lots bit look looking find finding finds bother
    morning afternoon evening advance clear everybody everyone guys folks
    `,
  it: `
    cosa cos quando quali qual po puo posso possiamo puoi potete potrei potresti potrebbe potere devo deve devi devono
    dobbiamo bisogna vorrei voglio vuoi vogliamo vuole sapere so sai sa dire dica dirmi dimmi spiegare spiegarmi
    spiegami spiega spieghi spiegazione descrivi descrivere descrivimi definisci definire definizione significa
    significato vuol grazie mille prego ciao salve buongiorno buonasera buonanotte gentilmente cortesemente favore
    piacere scusa scusi scusate aiuto aiutarmi aiutami domanda domande chiedere chiedo info qualcosa qualcuno proprio
    ancora poi allora quindi solo molto cioe fare essere stato stata stati state viene vengono caro cara gentile
    cordiali saluti arrivederci anticipo chiamo nome parlami raccontami fammi capire capito mostrami serve servono
    esattamente praticamente invece pero bene c'e qui qua mai gia adesso ora oppure sapete usare usa uso usano
    utilizzare utilizza usato volevo sapresti saprebbe dirci spiegate differenza differenze diverso distingue
    `,
  fr: `
    quoi pourquoi comment combien quand peux peut puis pouvez pourriez pourrais pourrait pouvoir dois doit faut veux
    veut voudrais voulez aimerais savoir sais sait dire dis dites expliquer explique expliquez explication decrire
    decris decrivez definir definition definis definissez signifie signification merci beaucoup bonjour salut bonsoir
    coucou stp svp plait question questions aide aider aidez infos info quelque chose quelqu aussi alors donc tres
    plus encore parle parlez raconte cher chere cordialement avance desole desolee excusez excuse pardon fait font
    sert servent appelle appelles bien si comme tout tous toute toutes ca va vais entre plusieurs exactement utiliser
    utilise utilisent utilisez juste simplement lequel laquelle difference differences different sujet propos demander
    demande
    `,
  es: `
    quienes cuales cuanto cuanta cuantos cuantas puedo puede puedes podria podrias podemos pueden poder debo debe
    debes hay quiero quisiera quieres gustaria saber decir dime digame explicar explica explicame explicarme explique
    explicacion describe definir define definicion significa significado gracias muchas hola buenos dias buenas tardes
    noches favor perdon disculpa disculpe ayuda ayudar ayudame pregunta preguntas info algo alguien entonces sirve
    sirven es son eres esta estan ser estar tiene tengo tienen hacer hace hago usted ustedes llamo nombre saludos
    cordial cordialmente antemano hablame cuentame querido estimado esto este estas estos esos esa aquel cada todo
    toda todos todas soy somos tus mis ante entre hacia segun tras fue era han ha he usar usa usan uso utilizar
    utiliza les exactamente solo bien vez ahora tan tanto unos unas diferencia diferencias diferente porfa
    `,
  de: `
    bitte danke hallo guten abend servus moin gruss gruesse gruessen gruse grusse grussen tschuss wiedersehen
    entschuldigung sorry frage fragen erklaren erklar erklare erklarst erklart erklarung beschreiben beschreibe
    definiere definition bedeutet bedeutung heissen konntest gerne weiss sagen sag sage hilfe helfen hilf info infos
    wofur wozu womit wodurch eigentlich liebe freundliche freundlichen voraus erzahl erzahle name genau kriege bekomme
    unterschied unterschiede nutzen nutze nutzt benutzen benutzt verwenden verwendet unterscheiden unterscheidet
    `,
  zh:
    "什么 哪里 哪儿 哪个 怎么 怎样 怎么样 如何 多少 为什么 请问 您 能 可以 告诉 解释 一下 你好 谢谢 你们 我们 他们 它 哪些 这个 那个 想 要",
  ja:
    "何 なに なん どこ どう いつ だれ 誰 なぜ どの どれ どうして どうやって ください 教え 教えて ました ありま すか ますか ません でしょう とは って ありがとう こんにちは",
};

const LISTS: Readonly<Record<Language, readonly string[]>> = {
  en: eng,
  it: ita,
  fr: fra,
  es: spa,
  de: deu,
  zh: zho,
  ja: jpn,
};

/** Words of the German list that are nouns or too telling to leave out of a search. */
const NOT_SMALL =
  "ordnung jahr jahre jahren tag tage tagen uhr zeit teil sache mensch menschen mann suche startseite ende neue neuen";

const SMALL_WORDS: Partial<Record<Language, ReadonlySet<string>>> = {};

/** The words of a language, folded, that say nothing about what a sentence is about. */
export function smallWordsOf(language: Language): ReadonlySet<string> {
  return SMALL_WORDS[language] ??= makeSmallWords(language);
}

function makeSmallWords(language: Language): Set<string> {
  const words = new Set<string>();
  for (const word of LISTS[language]) words.add(fold(word.toLowerCase()));
  for (const word of CHAT_WORDS[language].split(/\s+/)) words.add(fold(word));
  words.delete("");
  if (language === "de") { for (const word of NOT_SMALL.split(" ")) words.delete(word); }
  return words;
}

/**
 * A text without accents and with plain apostrophes, so that `perché`, `perche'` and `perche` are one word. Letters of
 * scripts without such marks stay as they are.
 */
export function fold(text: string): string {
  if (!NOT_ASCII.test(text)) return text;
  return text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/ß/g, "ss").replace(/[‘’ʼ´`]/g, "'")
    .normalize("NFC");
}

const NOT_ASCII = /[^\x20-\x7e\s]/;
/** Where a language is looked for in a long text, in UTF-16 code units. */
const SAMPLE_LENGTH = 200;
/** Letters and signs that tell a language, and how many small words each is worth. */
const SIGNS: readonly (readonly [RegExp, Spoken, number])[] = [
  [/[¿¡ñ]/i, "es", 3],
  [/[äß]|[öü](?!e)/i, "de", 1],
  [/^\W*qui\s/i, "fr", 1],
  [/(?:^|\s)à\s/i, "fr", 1],
  [/[çœêâîû]|\b(?:qu|j|n|c|d|l)['’](?=[aeiouyéêh])/i, "fr", 1],
  [
    /\b(?:cos|dov|com|c|un|l|dell|all|nell|dall|sull|quest)['’](?=[eèaiou])|[ìò]|\b(?:è|perché|più)(?![a-z\u00c0-\u024f])/i,
    "it",
    1.5,
  ],
];
/** `PoCo` is a name, whatever `poco` means. */
const PRODUCT = /[a-z][A-Z]/;
const LETTER = { a: 97, z: 122 }, APOSTROPHE = 39;
/** Letters that are no words when they stand alone, though the German list has them all: `vitamin C`, `plan B`. */
const LONE = "bcdfghjklmnpqstvwxz";
/** Whatever is behind the scripts of Europe and western Asia. */
const EASTERN = /[\u2e80-\uffff]/;
const JAPANESE = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;
const CHINESE = /\p{Script=Han}/u;

/**
 * The language of a text, by its small words.
 *
 * @param fallback What it is in if nothing tells: a single name, say.
 */
export function languageOf(text: string, fallback: Language = "en"): Language {
  return languageTold(text, fallback) ?? fallback;
}

/**
 * The language that the small words of a text tell; undefined if they tell none.
 *
 * @param preferred Which of two languages it is that have the same words.
 */
export function languageTold(text: string, preferred: Language): Language | undefined {
  const sample = text.slice(0, SAMPLE_LENGTH);
  if (EASTERN.test(sample)) {
    if (JAPANESE.test(sample)) return "ja";
    if (CHINESE.test(sample)) return "zh";
  }
  /** For each language, in the order of {@linkcode SPOKEN}. */
  const points = SPOKEN.map(() => 0);
  const folded = fold(sample), languages = spokenWith();
  const lower = folded.toLowerCase();
  // By hand: to split it by a pattern takes as long as all the rest.
  for (let at = 0, from = -1; at <= lower.length; at++) {
    const code = at < lower.length ? lower.charCodeAt(at) : 0;
    if (code >= LETTER.a && code <= LETTER.z) {
      if (from < 0) from = at;
      continue;
    }
    if (from < 0) continue;
    const isLetter = at - from === 1 && code !== APOSTROPHE && LONE.includes(lower.charAt(from));
    const all = isLetter ? undefined : languages.get(lower.slice(from, at));
    if (all && !PRODUCT.test(folded.slice(from, at))) { for (const place of all) points[place]! += 1 / all.length; }
    from = -1;
  }
  if (sample !== folded || sample.includes("'")) {
    for (const [sign, spoken, worth] of SIGNS) if (sign.test(sample)) points[SPOKEN.indexOf(spoken)]! += worth;
  }
  const most = Math.max(...points);
  if (most === 0) return undefined;
  const best = SPOKEN.filter((_, place) => points[place] === most);
  return best.find((spoken) => spoken === preferred) ?? best[0];
}

/** Words that tell a language and are no small ones; `name` is a small word of German, and as good an English one. */
const TELLING: Readonly<Record<Spoken, string>> = {
  en: "name",
  it: "prezzo prezzi costano",
  fr: "coute coutent",
  es: "precio precios cuesta cuestan",
  de: "preis preise kostet kosten",
};

let words: Map<string, readonly number[]> | undefined;

/** The languages that each small or telling word belongs to, by their places in {@linkcode SPOKEN}. */
function spokenWith(): ReadonlyMap<string, readonly number[]> {
  if (words) return words;
  words = new Map();
  for (const [place, spoken] of SPOKEN.entries()) {
    const alone = [place];
    for (const word of [...smallWordsOf(spoken), ...TELLING[spoken].split(" ")]) {
      const others = words.get(word);
      words.set(word, others ? [...others, place] : alone);
    }
  }
  return words;
}

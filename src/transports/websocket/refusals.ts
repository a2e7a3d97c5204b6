/** Responses that the server refuses by closing the connection: found, so that one can't hold up all others. @module */

/** What is known of refused responses, over all connections to one server. */
export interface Refusals {
  /** Why a response is not sent any more, as the error of its ack; undefined while it may be sent. */
  verdict(id: string): string | undefined;
  /** Whether a response may be what ended an earlier connection. Then it is sent by itself, to find out. */
  isSuspect(id: string): boolean;
  /** A response was sent on the connection. */
  sent(id: string, bytes: number): void;
  /** A suspect was sent by itself, and the connection has outlived it. */
  cleared(id: string): void;
  /**
   * The connection has ended.
   *
   * @returns `progressed`: whether the next one will be another: the last response sent on it is not that of the connection
   * before, or a response is now known to be refused, `refused`.
   */
  ended(code: number): { readonly progressed: boolean; readonly refused?: string };
}

/** A response that was sent. */
interface Sent {
  readonly id: string;
  readonly bytes: number;
  readonly atMs: number;
}

/** Close codes that can mean a message: RFC 6455, 7.4.1. */
const NOT_TEXT = 1007, AGAINST_POLICY = 1008;
/** The same: a message is larger than the server takes. */
export const TOO_BIG = 1009;
/** Codes of a server that will not take a message. */
export const OVER_A_MESSAGE: ReadonlySet<number> = new Set([NOT_TEXT, AGAINST_POLICY, TOO_BIG]);
/** The line was cut. That is how a close looks, too, if the server does not read what was sent before it. */
const CUT = 1006;
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [NOT_TEXT, "as data it can't read"],
  [AGAINST_POLICY, "as against its policy"],
  [TOO_BIG, "as too big"],
  [CUT, "without a word"],
]);
/** Evidence that condemns a response, and what an end after it counts: two closes with a code are enough, or four cuts. */
const ENOUGH = 4, FOR_A_CODE = 2, FOR_A_CUT = 1;
/** A close this long after a response has nothing to do with it. */
const BLAME_MS = 10_000;
/** Responses of one connection that are remembered; of these, the last few are blamed where their size tells nothing. */
const REMEMBERED = 64, BLAMED = 16;
/** Verdicts that are remembered. An older one would be found again, at the price of two connections. */
const MAX_VERDICTS = 1_000;

/**
 * Watch over the responses to one server. A response is refused if the connection ends with 1007, 1008 or 1009 right after
 * it was sent, and then once more when it is sent by itself. For 1009 the largest of the last responses is meant. A cut line
 * counts less, and nothing before the same response was the last one on two connections in a row.
 */
export function watchRefusals(now: () => number): Refusals {
  let recent: Sent[] = [];
  /** What speaks against each response that may be refused. */
  let suspects = new Map<string, number>();
  const verdicts = createVerdicts();
  /** The last response on the connections before this one. */
  let lastId: string | undefined;

  return {
    verdict: verdicts.get,
    isSuspect: (id) => suspects.has(id),
    sent(id, bytes) {
      recent.push({ id, bytes, atMs: now() });
      if (recent.length > REMEMBERED) recent.shift();
    },
    cleared(id) {
      suspects.delete(id);
    },
    ended(code) {
      const last = recent.at(-1);
      const progressed = last !== undefined && last.id !== lastId;
      lastId = last?.id ?? lastId;
      const mayBlame = MEANINGS.has(code) && (code !== CUT || !progressed || suspects.size > 0);
      const blamed = mayBlame ? blamedFor(code, recent, now()) : [];
      recent = [];
      const guilty = blamed.at(-1);
      if (!guilty) return { progressed };
      const weight = code === CUT ? FOR_A_CUT : FOR_A_CODE;
      const before = suspects.get(guilty.id);
      if (before === undefined) suspects = new Map(blamed.map(({ id }) => [id, weight]));
      else if (before + weight < ENOUGH) suspects.set(guilty.id, before + weight);
      else {
        suspects.delete(guilty.id);
        verdicts.condemn(guilty, code);
        return { progressed: true, refused: guilty.id };
      }
      return { progressed };
    },
  };
}

/** The responses that an end may be about. */
function blamedFor(code: number, recent: readonly Sent[], nowMs: number): Sent[] {
  const late = recent.filter(({ atMs }) => nowMs - atMs <= BLAME_MS);
  if (code !== TOO_BIG) return late.slice(-BLAMED);
  const [largest] = late.toSorted((one, other) => other.bytes - one.bytes);
  return largest ? [largest] : [];
}

/** Why responses are not sent any more, by the ids of their events. */
function createVerdicts() {
  const verdicts = new Map<string, string>();
  return {
    get: (id: string) => verdicts.get(id),
    condemn({ id, bytes }: Sent, code: number) {
      verdicts.set(
        id,
        `the server refused the response ${MEANINGS.get(code)}: each time the connection ended with ${code} after it ` +
          `(${bytes} bytes)`,
      );
      const [oldest] = verdicts.keys();
      if (verdicts.size > MAX_VERDICTS && oldest !== undefined) verdicts.delete(oldest);
    },
  };
}

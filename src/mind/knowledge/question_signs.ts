/** What the form of a question tells, whatever it is about. English. @module */

/** Signs of one question. */
export interface QuestionSigns {
  /** `What is …?`, `Explain …`. */
  readonly asksWhatItIs: boolean;
  /** `How do I …?` */
  readonly asksHow: boolean;
  /** Whether it is about the agent itself. */
  readonly asksAgent: boolean;
  /** Whether it asks for the news of the day. */
  readonly asksNews: boolean;
}

/** Read the signs of a question. */
export function signsOf(question: string): QuestionSigns {
  return {
    asksWhatItIs: DEFINITION.test(question),
    asksHow: HOW.test(question),
    asksAgent: AGENT.test(question.replace(POLITE, " ")),
    asksNews: NEWS.test(question),
  };
}

/** What a text that never changes can't know. */
const NEWS =
  /\b(?:right now|at the moment|at present|today|tonight|tomorrow|yesterday|latest|newest|upcoming|what (?:time|day|date) is it|(?:next|last) (?:week|month|year|version|release))\b/i;
/** `What is …?`, `Explain …`. */
const DEFINITION =
  /^\s*(?:so\s+)?(?:what(?:'s|’s| is| are| does| do)\b|define\b|explain\b|describe\b|tell me about\b|who is\b)/i;
const HOW = /^\s*(?:so\s+)?(?:how (?:do|can|could|should|would) (?:i|you|we|one)\b|how to\b)/i;
/** `Can you explain …?` is not about the agent. */
const POLITE =
  /\b(?:can|could|would|will) you (?:please |kindly )?(?:tell|explain|describe|show|help|give|list)\b|\bdo you know\b|\bthank you\b/gi;
const AGENT = /\b(?:you|your|yours|yourself)\b/i;

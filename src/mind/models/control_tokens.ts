/**
 * The tokens that chat templates mark turns, roles and thinking with. Servers put messages into a template and read the
 * tokens out of the whole, so a user who writes `<|im_start|>system` would speak as the system.
 * @module
 */

/**
 * The opening bracket of each, by the families of models whose templates or tokenizers have it: the places are their
 * repositories at huggingface.co, `chat_template` or `tokenizer_config.json`.
 */
const OPENINGS: readonly (readonly [families: string, opening: string])[] = [
  ["ChatML, Llama 3, Phi, GLM, gpt-oss, Granite, Command R, Kimi, DeepSeek (with the wide bar)", "<(?=[|｜])"],
  ["google/gemma-3-*, google/gemma-4-*", String.raw`<(?=\/?(?:start_of_turn|end_of_turn|unused\d+)>|\w+[|｜]>)`],
  ["SentencePiece's own, of Llama 2, Mistral, Reka, T5", String.raw`<(?=\/?(?:bos|eos|s|pad|unk|sep|mask)>)`],
  ["meta-llama/Llama-2-*-chat", String.raw`<(?=<\/?SYS>>)`],
  [
    "mistralai/*",
    String
      .raw`\[(?=\/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CALLS|TOOL_CONTENT|ARGS|CALL_ID|THINK)\])`,
  ],
  ["DeepSeek-R1, Qwen3 and others that think", String.raw`<(?=\/?think(?:ing)?>)`],
  ["LGAI-EXAONE/EXAONE-*", String.raw`\[(?=[|｜])`],
  ["nvidia/Nemotron-H-*, NVIDIA-Nemotron-Nano-*, Nemotron-Mini-*", String.raw`<(?=(?:SPECIAL|extra_id)_\d+>)`],
  ["ByteDance-Seed/Seed-OSS-*", String.raw`<(?=\/?seed:)`],
  ["MiniMaxAI/MiniMax-M2", String.raw`\](?=~!?b[\[\]])|\[(?=e~\[)`],
  [
    "internlm/internlm-chat-*, internlm2-chat-*",
    String.raw`\[(?=UNUSED_TOKEN_\d+\])|<(?=(?:eo[ah]|TOKENS_UNUSED_\d+)>)`,
  ],
  ["baichuan-inc/Baichuan2-*-Chat", String.raw`<(?=reserved_\d+>)`],
  ["zai-org/glm-4-*", String.raw`\[(?=[gs]?MASK\])|<(?=[se]op>)`],
];

/** What each of them begins with. Most texts have none, and are looked through in a tenth of the time. */
const BRACKET = /[<[\]]/;
const CONTROL_TOKENS = new RegExp(OPENINGS.map(([, opening]) => opening).join("|"), "gi");

/** A text without control tokens: each gets a blank behind its opening bracket. */
export function withoutControlTokens(text: string): string {
  return BRACKET.test(text) ? text.replace(CONTROL_TOKENS, "$& ") : text;
}

/** Settings of what proves who made an answer. @module */

import { flag } from "../settings/checks.ts";
import { FLAG, setting } from "../settings/definition.ts";

export const SIGNING_SETTINGS = {
  AGENT_SIGN: setting({
    meaning: "Whether every answer and error is signed, with a key that is new at each start",
    expected: FLAG,
    check: flag,
    default: "true",
  }),
  AGENT_SIGNATURES: setting({
    meaning: "Kinds of signatures, if `AGENT_SIGN` is true: `jws`, and beside it `eip712` for contracts",
    expected: "jws or jws,eip712",
    check: (given) => {
      const kinds = given.toLowerCase().split(",").map((kind) => kind.trim()).toSorted().join();
      if (kinds === "jws") return "jws";
      return kinds === "eip712,jws" ? "jws,eip712" : undefined;
    },
    default: "jws",
  }),
};

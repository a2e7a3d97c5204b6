/** Settings of where quotes of the enclave come from. @module */

import { bareHttpUrl, text, word } from "../settings/checks.ts";
import { optional, setting } from "../settings/definition.ts";
import { DSTACK_SOCKETS, TSM_REPORTS } from "../tee/sources/places.ts";
import { QUOTE_SOURCES, SIDECAR_URL } from "../tee/sources/open.ts";

export const ATTESTATION_SETTINGS = {
  AGENT_QUOTE_SOURCE: setting({
    meaning:
      "Where quotes of the enclave come from: dstack's socket, configfs-tsm, a sidecar over HTTP, whichever is found, or nowhere",
    expected: `auto, ${QUOTE_SOURCES.join(", ")} or none`,
    check: word(["auto", ...QUOTE_SOURCES, "none"]),
    default: "auto",
    // It counts as a sign of a TEE, which decides which files are read.
    environmentOnly: true,
  }),
  AGENT_DSTACK_SOCKET: optional({
    meaning: "The Unix socket of dstack's guest agent",
    expected: "a path",
    access: "write",
    check: text,
    defaultText: `the first that is there of ${DSTACK_SOCKETS.map((path) => `\`${path}\``).join(", ")}`,
  }),
  AGENT_TSM_REPORT: optional({
    meaning: "The report directory of configfs-tsm, bind-mounted outside of /sys, or an entry in it that root made",
    expected: "a path",
    access: "write",
    check: text,
    defaultText: `the directory \`${TSM_REPORTS}\``,
  }),
  AGENT_QUOTE_URL: optional({
    meaning: "The sidecar in the same enclave that makes quotes, on AWS Nitro",
    expected: "an http:// URL without user name, password and query",
    check: (given) => {
      const url = bareHttpUrl(given);
      return url?.protocol === "http:" ? url : undefined;
    },
    // A wrong one may hold a user name and password.
    secret: true,
    defaultText: `with \`AGENT_QUOTE_SOURCE=http\` Marlin's, \`${SIDECAR_URL}\``,
    connects: {
      when: ({ AGENT_QUOTE_SOURCE, AGENT_QUOTE_URL }) =>
        AGENT_QUOTE_URL !== undefined && (AGENT_QUOTE_SOURCE === "http" || AGENT_QUOTE_SOURCE === "auto"),
    },
  }),
};

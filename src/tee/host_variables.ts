/** Environment variables that have effects beyond the permissions of a program that Deno runs. @module */

/**
 * What each of them does, as a phrase after its name. Deno and the system's loader read them for themselves, whatever the
 * program may read. Tried on Deno 2.7.11 and 2.9.6; those that only newer versions obey are here too, and so is what an
 * image of another make may bring along. Of the loader's, see {@linkcode LOADER}.
 */
export const HOST_VARIABLES: Readonly<Record<string, string>> = {
  SSLKEYLOGFILE: "has the keys of every TLS connection written to a file",
  DENO_CERT: "has more authorities trusted",
  DENO_TLS_CA_STORE: "has other authorities trusted",
  SSL_CERT_FILE: "has other authorities trusted",
  SSL_CERT_DIR: "has other authorities trusted",
  NODE_EXTRA_CA_CERTS: "has more authorities trusted",
  NODE_TLS_REJECT_UNAUTHORIZED: "has certificates left unchecked",
  HTTP_PROXY: "leads connections to a proxy",
  http_proxy: "leads connections to a proxy",
  HTTPS_PROXY: "leads connections to a proxy",
  https_proxy: "leads connections to a proxy",
  ALL_PROXY: "leads connections to a proxy",
  all_proxy: "leads connections to a proxy",
  DENO_SERVE_ADDRESS: "has servers listen elsewhere",
  // Deno 2.9.6 sends every URL, with its query, and every line of the console to a collector that the host names.
  OTEL_DENO: "has traces and logs sent to a collector",
  LD_PRELOAD: "loads native code into the process",
  LD_AUDIT: "loads native code into the process",
  LD_LIBRARY_PATH: "has native code loaded from elsewhere",
  LD_PROFILE: "has the loader write a profile of the process to a file",
  LD_PROFILE_OUTPUT: "has the loader write a profile of the process to a file",
  LD_DEBUG: "has the loader write what it does to a file",
  LD_DEBUG_OUTPUT: "has the loader write what it does to a file",
  NODE_CHANNEL_FD: "opens a channel to another process",
  DENO_INTERNAL_CHILD_ENTRYPOINT: "has another program run in place of this one",
};

/**
 * The system's loader has more variables with each release: those that are not in the list above are known by their
 * beginning. They are a tripwire at best, since what they load runs before any of this.
 */
export const LOADER = { prefix: "LD_", effect: "changes how native code is loaded into the process" } as const;

/** What a variable does, as a phrase after its name. */
export function effectOf(name: string): string {
  return HOST_VARIABLES[name] ?? LOADER.effect;
}

/** The switch: opens the source of quotes that the settings name, or the one that is found. @module */

import type { Clock } from "../../clock.ts";
import { DSTACK_SOCKETS, TSM_REPORTS } from "./places.ts";
import type { QuoteSource } from "./source.ts";

/** Kinds of sources, as AGENT_QUOTE_SOURCE names them. */
export const QUOTE_SOURCES = ["dstack", "tsm", "http"] as const;
export type QuoteSourceKind = typeof QUOTE_SOURCES[number];

/** What the settings say of sources. */
export interface SourceSettings {
  readonly AGENT_QUOTE_SOURCE: QuoteSourceKind | "auto" | "none";
  readonly AGENT_DSTACK_SOCKET: string | undefined;
  readonly AGENT_TSM_REPORT: string | undefined;
  readonly AGENT_QUOTE_URL: URL | undefined;
}

/** Where Marlin's attestation server listens. */
export const SIDECAR_URL = "http://127.0.0.1:1350/attestation/raw";

/** Open the source; undefined if there is none, or none is wanted. The code of a source is loaded for nobody else. */
export async function openSource(
  settings: SourceSettings,
  { inTee, clock }: { inTee: boolean; clock: Clock },
): Promise<QuoteSource | undefined> {
  const { AGENT_QUOTE_SOURCE: wanted, AGENT_TSM_REPORT: path = TSM_REPORTS, AGENT_QUOTE_URL: url } = settings;
  const kind = wanted === "auto" ? (inTee ? found(settings) : "none") : wanted;
  switch (kind) {
    case "dstack": {
      const { dstackSource } = await import("./dstack.ts");
      return dstackSource({ socketPath: dstackSocket(settings) });
    }
    case "tsm": {
      const { tsmSource } = await import("./tsm.ts");
      return tsmSource({ path, clock });
    }
    case "http": {
      const { sidecarSource } = await import("./sidecar.ts");
      return sidecarSource({ url: url ?? new URL(SIDECAR_URL) });
    }
    case "none":
      return undefined;
  }
}

/** Path of dstack's socket: as the setting says, else the first that is there, else the first. */
export function dstackSocket({ AGENT_DSTACK_SOCKET: named }: Pick<SourceSettings, "AGENT_DSTACK_SOCKET">): string {
  return named ?? DSTACK_SOCKETS.find(isThere) ?? DSTACK_SOCKETS[0];
}

/** A place that is named goes before one that is only there. */
function found(settings: SourceSettings): QuoteSourceKind | "none" {
  const { AGENT_DSTACK_SOCKET: socket, AGENT_TSM_REPORT: report, AGENT_QUOTE_URL: url } = settings;
  if (socket !== undefined) return "dstack";
  if (report !== undefined) return "tsm";
  if (url !== undefined) return "http";
  if (DSTACK_SOCKETS.some(isThere)) return "dstack";
  return isThere(TSM_REPORTS) ? "tsm" : "none";
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    // Whatever bars the way to it: this one can't be used.
    return false;
  }
}

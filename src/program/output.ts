/** Where answers are written, as the settings say: into a file, sealed into a file, or nowhere. @module */

import type { Journal } from "../journal/journal.ts";
import { openNoPublisher, openPublisher, openSealedPublisher, type Publisher } from "../journal/publisher.ts";
import type { Log } from "../log.ts";
import { rotationOf } from "./output_settings.ts";
import type { Settings } from "./settings.ts";

/**
 * Open what EVENT_OUTPUT asks for.
 *
 * @param parts `rotates`: whether EVENT_OUTPUT_ROTATE counts; `onNewFile`: called whenever another file begins.
 * @throws {FatalError} If the disk refuses, another agent has the file, or AGENT_OUTPUT_KEY can't be used.
 */
export async function openOutput(
  settings: Pick<Settings, "EVENT_OUTPUT" | "EVENT_OUTPUT_PATH" | "EVENT_OUTPUT_ROTATE" | "AGENT_OUTPUT_KEY">,
  parts: { journal: Journal; log: Log; now: () => number; rotates: boolean; onNewFile?: () => void },
): Promise<Publisher> {
  const { journal, log, now, rotates, onNewFile } = parts;
  const { EVENT_OUTPUT: output, EVENT_OUTPUT_PATH: path, AGENT_OUTPUT_KEY: key } = settings;
  if (output === "none") {
    log.info("📭 No responses file: answers go back to the sender alone", { EVENT_OUTPUT: output });
    return openNoPublisher({ journal });
  }
  const rotation = rotates ? rotationOf(settings.EVENT_OUTPUT_ROTATE ?? "") : undefined;
  const options = { path, journal, log, rotation: rotation && { ...rotation, now }, onNewFile };
  if (output === "file" || key === undefined) return openPublisher(options);
  // Loaded when it is needed: the cryptography is a sixth of a start.
  const { createOutputSeal } = await import("../journal/sealed_entries.ts");
  return await openSealedPublisher({ ...options, seal: await createOutputSeal(key) });
}

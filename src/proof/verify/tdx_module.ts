/** The TDX module of a quote, held against Intel's TCB info: `@phala/dcap-qvl` 0.3.9 leaves it unchecked. @module */

import * as z from "zod";
import { Refusal } from "./verdict.ts";

const identity = z.object({ mrsigner: z.string(), attributes: z.string(), attributesMask: z.string() });
const level = z.object({
  tcb: z.object({ isvsvn: z.number() }),
  tcbStatus: z.string(),
  advisoryIDs: z.array(z.string()).optional(),
});
const tcbInfoSchema = z.object({
  tdxModule: identity,
  tdxModuleIdentities: z.array(identity.extend({ id: z.string(), tcbLevels: z.array(level) })).optional(),
});

/** What a quote says of the TDX module that made it. */
export interface TdxModule {
  /** Version numbers: the first two are the module's own. */
  readonly teeTcbSvn: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
}

/**
 * Check who signed the module and with which attributes it runs, and find its status.
 *
 * @param tcbInfo The signed JSON text, its signature checked.
 * @see Intel, Get TDX TCB Info V4: "tdxModuleIdentities" are chosen by the second byte of TEE_TCB_SVN.
 * @throws {Refusal} If the module is none that the TCB info knows.
 */
export function tdxModuleStatus(module: TdxModule, tcbInfo: string): { status: string; advisories: readonly string[] } {
  const parsed = tcbInfoSchema.safeParse(JSON.parse(tcbInfo));
  if (!parsed.success) throw new Refusal("collateral", "the TCB info does not describe the TDX module");
  const { tdxModule, tdxModuleIdentities = [] } = parsed.data;
  const [svn = 0, version = 0] = module.teeTcbSvn;
  if (version === 0) {
    requireIdentity(module, tdxModule);
    return { status: "UpToDate", advisories: [] };
  }
  const id = `TDX_${version.toString(16).toUpperCase().padStart(2, "0")}`;
  const known = tdxModuleIdentities.find((candidate) => candidate.id === id);
  if (!known) throw new Refusal("quote", `Intel's TCB info does not know the TDX module ${id}`);
  requireIdentity(module, known);
  // Levels stand in descending order: the first that the module reaches is its own.
  const reached = known.tcbLevels.find(({ tcb }) => svn >= tcb.isvsvn);
  if (!reached) throw new Refusal("quote", `the TDX module ${id} is older than any that Intel's TCB info knows`);
  return { status: reached.tcbStatus, advisories: reached.advisoryIDs ?? [] };
}

function requireIdentity(module: TdxModule, expected: z.infer<typeof identity>): void {
  const mask = Uint8Array.fromHex(expected.attributesMask), attributes = Uint8Array.fromHex(expected.attributes);
  const hasAttributes = module.seamAttributes.every((byte, index) =>
    (byte & (mask[index] ?? 0xff)) === ((attributes[index] ?? 0) & (mask[index] ?? 0xff))
  );
  if (module.mrSignerSeam.toHex() !== expected.mrsigner.toLowerCase() || !hasAttributes) {
    throw new Refusal("quote", "the TDX module is not one that Intel signed");
  }
}

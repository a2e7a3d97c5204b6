/** What deploy/kubernetes.yaml says of the agent's container. @module */

import { parseAllDocuments } from "yaml";

/** As far as tests look at it. */
export interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly resources: { readonly requests: Record<string, string>; readonly limits: Record<string, string> };
  readonly livenessProbe: Probe;
  readonly startupProbe: Probe;
}

interface Probe {
  readonly exec: { readonly command: readonly string[] };
}

/** What a Secret would hold. */
export const SECRETS: Readonly<Record<string, string>> = {
  WEBSOCKET_AUTH_TOKEN: "t0ken",
  AGENT_STATE_KEY: "0".repeat(64),
};

export function kubernetesText(): string {
  return Deno.readTextFileSync(new URL("../../deploy/kubernetes.yaml", import.meta.url));
}

export function kubernetesContainer(): Container {
  const documents = parseAllDocuments(kubernetesText()).map((document) => document.toJS());
  return documents.find(({ kind }) => kind === "Deployment").spec.template.spec.containers[0];
}

/** The environment that the container gets. */
export function environmentOf({ env }: Container): Record<string, string> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value ?? SECRETS[name] ?? ""]));
}

/** What deploy/kubernetes.yaml says of the agent's container. @module */

import { parse, parseAllDocuments, stringify } from "yaml";

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

interface Named {
  readonly name: string;
}

/** Lists merged by the names of their entries, as a strategic merge patch does it. */
function merged<T extends Named>(all: readonly T[], more: readonly T[] = []): T[] {
  const kept = all.map((one) => {
    const patch = more.find(({ name }) => name === one.name);
    if (!patch) return one;
    const { env, ...others } = patch as T & { env?: Named[] };
    const both = {
      ...one,
      ...withoutNulls(one, others),
      ...env && { env: merged((one as T & { env?: Named[] }).env ?? [], env) },
    };
    return both;
  });
  return [...kept, ...more.filter(({ name }) => all.every((one) => one.name !== name))];
}

/** kubernetes.yaml with a patch for its Deployment. */
export function kubernetesPatched(patch: string) {
  const documents = parseAllDocuments(kubernetesText()).map((document) => document.toJS());
  const { spec } = documents.find(({ kind }) => kind === "Deployment").spec.template;
  const { containers, volumes } = parse(patch).spec.template.spec;
  spec.containers = merged(spec.containers, containers);
  spec.volumes = merged(spec.volumes ?? [], volumes);
  return { text: documents.map((document) => stringify(document)).join("---\n"), containers: spec.containers };
}

/** The fields of a patch, each object merged with what it changes; null takes a field away. */
function withoutNulls(one: object, patch: object): object {
  const isObject = (value: unknown): value is object =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  return Object.fromEntries(
    Object.entries(patch).map(([name, value]) => {
      const before: unknown = (one as Record<string, unknown>)[name];
      if (!isObject(value)) return [name, value];
      const both = { ...isObject(before) && before, ...value };
      return [name, Object.fromEntries(Object.entries(both).filter(([, value]) => value !== null))];
    }),
  );
}

/**
 * Which traces are recorded: the samplers that OpenTelemetry names in OTEL_TRACES_SAMPLER.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration
 * @module
 */

export const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;
export type SamplerName = typeof SAMPLERS[number];

/** Whether a trace is recorded. `isParentSampled`: what its sender says; undefined where the trace begins here. */
export type Sampler = (traceId: string, isParentSampled: boolean | undefined) => boolean;

/** The last digits of a trace's id, which are random: as many as a double can hold exactly. */
const DIGITS = 13;

/** @param ratio Share of traces that a sampler by ratio records, from 0 to 1. */
export function samplerNamed(name: SamplerName, ratio: number): Sampler {
  const [, isParentBased, own] = /^(parentbased_)?(.*)$/.exec(name)!;
  const decide = (traceId: string) => {
    if (own !== "traceidratio") return own === "always_on";
    // The same ids are recorded by all that are asked for the same share.
    return parseInt(traceId.slice(-DIGITS), 16) >= (1 - ratio) * 16 ** DIGITS;
  };
  return (traceId, isParentSampled) =>
    isParentBased && isParentSampled !== undefined ? isParentSampled : decide(traceId);
}

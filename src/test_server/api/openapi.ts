/** The OpenAPI document of the REST interface, made of its routes. @module */

import { z } from "zod";
import config from "../../../deno.json" with { type: "json" };
import type { Documented, Parameter, Route } from "./route.ts";
import { REQUEST_BODIES, RESPONSE_BODIES } from "./schemas.ts";

const SECURITY = [{ token: [] }];
const ID = {
  name: "id",
  in: "path",
  required: true,
  description: "The event's id, percent-encoded",
  schema: { type: "string" },
};

/**
 * The document.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function describeApi(routes: readonly Route[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: "3.1.1",
    info: {
      title: "Test server",
      version: config.version,
      description: "Ask the agents that are connected to the test server, and see how they answer. Where " +
        "WEBSOCKET_AUTH_TOKEN is set, send it as a bearer token; elsewhere everybody is welcome.",
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { ...componentsOf(REQUEST_BODIES, "input"), ...componentsOf(RESPONSE_BODIES, "output") },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function operationOf(route: Route): Record<string, unknown> {
  const { path, operationId, summary, description, parameters = [], body, isOpen, responses } = route;
  const all = {
    ...responses,
    ...!isOpen && { 401: { description: "The token is missing or wrong", bodies: ["Failure"] } },
  };
  return {
    operationId,
    summary,
    ...description && { description },
    parameters: [...path.includes("{id}") ? [ID] : [], ...parameters.map(parameterOf)],
    ...body && { requestBody: { required: true, content: { "application/json": { schema: reference(body) } } } },
    responses: Object.fromEntries(
      Object.entries(all).map(([status, told]) => [status, responseOf(told as Documented)]),
    ),
    security: isOpen ? [] : SECURITY,
  };
}

function parameterOf({ schema, ...parameter }: Parameter): Record<string, unknown> {
  return { ...parameter, required: false, schema };
}

function responseOf({ description, bodies, mediaType = bodies && "application/json" }: Documented) {
  if (mediaType === undefined) return { description };
  const [first, ...others] = (bodies ?? []).map(reference);
  const schema = others.length > 0 ? { oneOf: [first, ...others] } : first;
  return { description, content: { [mediaType]: schema ? { schema } : {} } };
}

function reference(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** JSON Schemas that refer to each other by their names in the document. */
function componentsOf(schemas: Readonly<Record<string, z.ZodType>>, io: "input" | "output"): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { uri: (id) => reference(id).$ref, io }).schemas;
  return Object.fromEntries(
    Object.entries(made).map(([name, { $schema: _, $id: __, ...schema }]) => [name, schema]),
  );
}

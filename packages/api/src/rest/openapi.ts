import type { AnyTRPCRouter } from '@trpc/server';
import { z } from 'zod';
import { errorAnswer, parts } from '../schemas/answers.ts';
import { inputParts, readable } from '../schemas/inputs.ts';
import { hasBody, type Operation, operationsOf } from './operations.ts';

type Json = Record<string, unknown>;

/** An OpenAPI 3.1 document: https://spec.openapis.org/oas/v3.1.1.html */
export interface OpenApi {
  openapi: '3.1.1';
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: { schemas: Record<string, Json>; securitySchemes: Json };
}

interface OpenApiParameter {
  name: string;
  in: 'path' | 'query';
  required: boolean;
  description?: string;
  schema?: Json;
  /** Of one that is written as JSON. */
  content?: { 'application/json': { schema: Json } };
}

export interface OpenApiOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  parameters?: OpenApiParameter[];
  requestBody?: { required: boolean; content: { 'application/json': { schema: Json } } };
  responses: Record<string, Json>;
  security: Record<string, string[]>[];
}

const description = `What a storefront calls. Every operation is also a tRPC procedure of the same name under \`/trpc\`, with the same input
and answer; a client package is typed with both. Send an API key as \`Authorization: Bearer sk_…\`;
from a shop's page a publishable one (\`pk_…\`), with the visitor's signed id as \`x-duet-visitor\`.`;

const failures: Record<string, string> = {
  400: 'The input is not as described.',
  401: 'There is no key, or it is unknown or revoked.',
  403: 'The key lacks the scope.',
  404: 'What is asked for does not exist.',
  413: 'The request is too large.',
  429: "The key's rate limit is reached; `Retry-After` says for how long.",
  503: 'Nothing to serve yet, overload or a stop; `Retry-After` says when to come back.',
  504: 'There was no answer within the time limit.',
};

/** `events.log` → `EventsLog` */
export const pascal = (name: string): string =>
  name.replace(/(?:^|\.)(\w)/g, (_, first: string) => first.toUpperCase());

const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** Says a default in words, where a reader looks for it. */
export function describeDefault(schema: z.core.JSONSchema.BaseSchema): void {
  const { default: otherwise } = schema;
  if (otherwise === undefined) return;
  delete schema.default;
  const defaultSentence = `By default ${JSON.stringify(otherwise)}.`;
  schema.description = schema.description === undefined ? defaultSentence : `${schema.description} ${defaultSentence}`;
}

/** The schemas by name, in JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export function wireSchemas(operations: readonly Operation[]): Record<string, Json> {
  const convert = (io: 'input' | 'output', schemas: [string, z.ZodType][]) => {
    const registry = z.registry<{ id: string }>();
    for (const [id, schema] of schemas) registry.add(schema, { id });
    const { schemas: converted } = z.toJSONSchema(registry, {
      io,
      unrepresentable: 'any',
      uri: (id) => `#/components/schemas/${id}`,
      override: (one) => {
        readable(one);
        // Generators take a field that has a default for one that is always there; an input's may be left out.
        if (io === 'input') describeDefault(one.jsonSchema);
        // What an answer may hold later must not break who reads it today.
        if (io === 'output' && one.jsonSchema.additionalProperties === false)
          delete one.jsonSchema.additionalProperties;
      },
    });
    return Object.entries(converted).map(
      ([name, { $schema: _, $id: __, ...schema }]) => [name, schema as Json] as const,
    );
  };
  const inputs = operations.flatMap(({ name, input }): [string, z.ZodType][] =>
    input === undefined ? [] : [[`${pascal(name)}Input`, input]],
  );
  const outputs = operations.map(({ name, output }): [string, z.ZodType] => [`${pascal(name)}Answer`, output]);
  return Object.fromEntries([
    ...convert('input', [...inputs, ...Object.entries(inputParts)]),
    ...convert('output', [...outputs, ...Object.entries(parts), ['Failure', errorAnswer]]),
  ]);
}

/**
 * The document of a router's REST side.
 *
 * @param url where its callers reach the service; the root of where the document is where it is not said
 */
export function openApiOf(router: AnyTRPCRouter, version: string, url = '/'): OpenApi {
  const operations = operationsOf(router);
  const schemas = wireSchemas(operations);
  const paths: OpenApi['paths'] = {};
  for (const operation of operations) {
    const { path, method } = operation.rest;
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(operation, schemas) };
    if (operation.rest.also === undefined) continue;
    const also = { ...operation, rest: { ...operation.rest, method: operation.rest.also } };
    const described = describeOperation(also, schemas);
    paths[path][operation.rest.also.toLowerCase()] = { ...described, operationId: `${operation.name}.byBody` };
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Duet', version, description },
    servers: [{ url: url.replace(/(?<=.)\/+$/, '') }],
    tags: [
      ...new Set(Object.values(paths).flatMap((methods) => Object.values(methods).flatMap(({ tags }) => tags))),
    ].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key with the scope named.' } },
    },
  };
}

/** A body's schema, among the others: the input's, without what the path says. */
function bodyOf(name: string, schemas: Record<string, Json>, inPath: readonly string[]): Json {
  if (inPath.length === 0) return reference(`${pascal(name)}Input`);
  const { properties, required, ...schema } = schemas[`${pascal(name)}Input`] as {
    properties: Json;
    required?: string[];
  };
  const left = Object.fromEntries(Object.entries(properties).filter(([field]) => !inPath.includes(field)));
  const body = `${pascal(name)}Body`;
  schemas[body] = {
    ...schema,
    properties: left,
    required: (required ?? []).filter((field) => !inPath.includes(field)),
  };
  return reference(body);
}

function whoMay(scopes: Operation['scopes'], publishable: boolean): string {
  if (scopes === undefined) return 'Public.';
  const kind = publishable ? 'a secret or publishable key' : 'a secret key';
  return `Needs ${kind} with the scope ${scopes.map((scope) => `\`${scope}\``).join(' or ')}.`;
}

function describeOperation(
  { name, rest, scopes, publishable, input, fields, procedure }: Operation,
  schemas: Record<string, Json>,
): OpenApiOperation {
  const inputName = `${pascal(name)}Input`;
  const { properties = {}, required = [] } = (schemas[inputName] ?? {}) as {
    properties?: Record<string, Json & { description?: string }>;
    required?: string[];
  };
  const inUrl = input !== undefined && !hasBody(rest.method);
  const inPath = Object.entries(properties).filter(([field]) => rest.path.includes(`{${field}}`));
  return {
    operationId: name,
    tags: [name.includes('.') ? name.split('.')[0]! : 'recommendations'],
    summary: rest.summary,
    description: `tRPC: \`${name}\`, a ${procedure._def.type}. ${whoMay(scopes, publishable)}`,
    ...(inUrl && {
      parameters: Object.entries(properties).map(([field, { description, ...schema }]) => ({
        name: field,
        in: rest.path.includes(`{${field}}`) ? ('path' as const) : ('query' as const),
        required: required.includes(field),
        ...(description !== undefined && { description }),
        ...(fields[field] === 'json' ? { content: { 'application/json': { schema } } } : { schema }),
      })),
    }),
    ...(input !== undefined &&
      !inUrl && {
        ...(inPath.length > 0 && {
          parameters: inPath.map(([name, { description, ...schema }]) => ({
            ...{ name, in: 'path' as const, required: true, schema },
            ...(description !== undefined && { description }),
          })),
        }),
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: bodyOf(
                name,
                schemas,
                inPath.map(([field]) => field),
              ),
            },
          },
        },
      }),
    responses: {
      200: {
        description: 'The answer.',
        content: { 'application/json': { schema: reference(`${pascal(name)}Answer`) } },
      },
      ...(rest.refused !== undefined && {
        422: {
          description: 'Nothing of the batch was taken: the answer says of each why.',
          content: { 'application/json': { schema: reference(`${pascal(name)}Answer`) } },
        },
      }),
      ...Object.fromEntries(
        Object.entries(failures)
          .filter(([status]) => scopes !== undefined || !['401', '403', '429'].includes(status))
          .map(([status, meaning]) => [
            status,
            { description: meaning, content: { 'application/json': { schema: reference('Failure') } } },
          ]),
      ),
    },
    security: scopes === undefined ? [] : [{ key: [] }],
  };
}

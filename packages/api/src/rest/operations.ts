import type { ApiScope } from '@duet/db';
import type { AnyTRPCProcedure, AnyTRPCRouter } from '@trpc/server';
import { z } from 'zod';
import type { Meta, Route } from '../procedures.ts';

/** One procedure, as HTTP and the OpenAPI document need to know it. */
export interface Operation {
  /** As in `/trpc/<name>`: "events.log". */
  name: string;
  procedure: AnyTRPCProcedure;
  rest: Route;
  /** One of which a key needs; undefined where everybody may call. */
  scopes: readonly ApiScope[] | undefined;
  /** Whether a publishable key will do. */
  publishable: boolean;
  /** Undefined where it takes nothing. */
  input: z.ZodType | undefined;
  output: z.ZodType;
  /** The input's fields that stand in a URL, path and query, by what their text is read as. */
  fields: Readonly<Record<string, FieldType>>;
}

/** `json` is anything else: `filters={"inStock":true}`. */
type FieldType = 'string' | 'number' | 'boolean' | 'array' | 'json';

interface Internals {
  inputs: z.ZodType[];
  output?: { schema: z.ZodType };
}

/**
 * Every procedure of a router. @throws Error naming one that lacks its route, its output or a readable field: a fault
 * of ours
 */
export function operationsOf(router: AnyTRPCRouter): Operation[] {
  const procedures = router._def.procedures as Record<string, AnyTRPCProcedure>;
  return Object.entries(procedures).map(([name, procedure]) => {
    const { inputs, output } = procedure._def as unknown as Internals;
    const { rest, scopes, publishable = false } = (procedure._def.meta ?? {}) as Meta;
    if (rest === undefined || output?.schema === undefined) {
      throw new Error(`procedure ${name} lacks .meta({ rest }) or .output(answers(schema))`);
    }
    const input = inputs[0];
    return { name, procedure, rest, scopes, publishable, input, output: output.schema, fields: fieldsOf(input, rest) };
  });
}

/** Whether the input of a REST call is its body; else it stands in the URL. */
export const hasBody = (method: Route['method']): boolean => method !== 'GET' && method !== 'DELETE';

interface ObjectSchema {
  properties?: Record<string, { type?: string }>;
}

function fieldsOf(input: z.ZodType | undefined, { method }: Route): Record<string, FieldType> {
  if (input === undefined || hasBody(method)) return {};
  const { properties = {} } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as ObjectSchema;
  return Object.fromEntries(
    Object.entries(properties).map(([name, { type }]) => {
      if (type === 'integer') return [name, 'number'];
      const plain = type === 'string' || type === 'number' || type === 'boolean' || type === 'array';
      return [name, plain ? type : 'json'];
    }),
  );
}

/**
 * The input that a URL means. What cannot be read as its field's type stays text, and an unknown field stays too, so
 * that the procedure's own check says what is wrong.
 */
export function inputOfUrl(
  { input, fields }: Operation,
  params: Record<string, string>,
  query: Record<string, string | string[]>,
): unknown {
  if (input === undefined) return undefined;
  const read = ([name, text]: [string, string | string[]]) => {
    const type = fields[name];
    if (type === 'array') return [name, [text].flat()];
    if (type === 'number' && typeof text === 'string' && text.trim() !== '' && Number.isFinite(Number(text)))
      return [name, Number(text)];
    if (type === 'boolean' && (text === 'true' || text === 'false')) return [name, text === 'true'];
    if (type === 'json' && typeof text === 'string') return [name, jsonOf(text)];
    return [name, text];
  };
  return Object.fromEntries(Object.entries({ ...query, ...params }).map(read));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

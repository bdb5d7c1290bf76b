import { DuetError } from '@duet/base';
import type { Filter, filterSchema } from '@duet/serving';
import { InvalidArgumentError } from 'commander';

// How the options of all commands read their values: what commander calls for each value of an option.

export function readInteger(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

export function readNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** `key=value`, the value read as JSON where it is JSON: numbers, booleans, lists. */
export function readSetting(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be key=value.');
  const value = text.slice(at + 1);
  try {
    return { ...before, [text.slice(0, at)]: JSON.parse(value) };
  } catch {
    return { ...before, [text.slice(0, at)]: value };
  }
}

/** An option that may be given any number of times. */
export const collect = (text: string, before: string[] = []): string[] => [...before, text];

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It must be JSON, such as {"category":["Mugs"]}.');
  }
}

/**
 * @param schema `filterSchema`, which only a command that runs loads @throws DuetError `bad-input` where it is no filter
 */
export function readFilter(schema: typeof filterSchema, filter: unknown): Filter | undefined {
  const parsed = schema.optional().safeParse(filter);
  if (parsed.success) return parsed.data;
  throw new DuetError('bad-input', 'This is not a filter.', {
    where: { field: '--filter' },
    fix: 'Combine category, price, inStock, tag and attribute by all, any and not: {"all":[{"category":["Mugs"]},{"inStock":true}]}.',
  });
}

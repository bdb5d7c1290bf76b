import { notFound } from 'next/navigation';
import { z } from 'zod';

const uuid = z.uuid();

/** The id in a route's address; an address with anything else in its place does not exist. */
export async function routeId(params: Promise<{ id: string }>): Promise<string> {
  const parsed = uuid.safeParse((await params).id);
  return parsed.success ? parsed.data : notFound();
}

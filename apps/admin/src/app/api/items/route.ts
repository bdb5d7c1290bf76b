import type { NextRequest } from 'next/server';
import { z } from 'zod';
import { itemsLike } from '#data/datasets/datasets.ts';

const query = z.object({ dataset: z.uuid(), q: z.string().trim().max(200) });

/** The items that a search of a few letters may mean, for a field that offers them while one types. */
export async function GET(request: NextRequest): Promise<Response> {
  const parsed = query.safeParse(Object.fromEntries(request.nextUrl.searchParams));
  if (!parsed.success) return Response.json({ error: 'Ask as ?dataset=ID&q=TEXT.' }, { status: 400 });
  const items = await itemsLike(parsed.data.dataset, parsed.data.q.replaceAll('\0', ''));
  return Response.json(items, { headers: { 'cache-control': 'no-store' } });
}

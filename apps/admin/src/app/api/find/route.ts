import type { NextRequest } from 'next/server';
import { z } from 'zod';
import { find } from '#data/find.ts';

const query = z.object({ dataset: z.string().max(200), q: z.string().trim().max(200) });

/** What a few letters may mean in a dataset, for the dialog that goes there. */
export async function GET(request: NextRequest): Promise<Response> {
  const parsed = query.safeParse(Object.fromEntries(request.nextUrl.searchParams));
  if (!parsed.success) return Response.json({ error: 'Ask as ?dataset=NAME&q=TEXT.' }, { status: 400 });
  const found = await find(parsed.data.dataset, parsed.data.q.replaceAll('\0', ''));
  return Response.json(found, { headers: { 'cache-control': 'no-store' } });
}

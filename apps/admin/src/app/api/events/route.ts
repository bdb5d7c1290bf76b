import type { NextRequest } from 'next/server';
import { z } from 'zod';
import { liveEvents } from '#data/overview/events.ts';

export async function GET(request: NextRequest): Promise<Response> {
  const dataset = z.uuid().safeParse(request.nextUrl.searchParams.get('dataset'));
  if (!dataset.success) return Response.json({ error: 'Name a dataset: ?dataset=ID.' }, { status: 400 });
  return Response.json(await liveEvents(dataset.data), { headers: { 'cache-control': 'no-store' } });
}

import { ask } from '../../../server/retrieval.ts';

export const dynamic = 'force-dynamic';

/** 200 while the shop itself answers; whether its retrieval service does too is in the body. */
export async function GET(): Promise<Response> {
  const health = await ask((duet) => duet.health());
  return Response.json({
    service: 'storefront',
    status: 'ok',
    retrieval: health.ok ? health.value.status : health.code,
  });
}

import { database } from '#data/services.ts';

/** Something that a shop does on the way to an experiment's first figures. */
export interface Sign {
  title: string;
  /** When it was last seen; undefined while it has not been. */
  at: Date | undefined;
  /** What to look at while it has not been. */
  remedy: string;
}

/** Whether the shop asks, shows, is clicked in and sells: in this order, each needs the one before it. */
export async function firstSigns(experimentId: string): Promise<Sign[]> {
  const { prisma, pool } = await database();
  const [key, { rows }] = await Promise.all([
    prisma.apiKey.findFirst({
      where: { revokedAt: null, lastUsedAt: { not: null }, scopes: { hasSome: ['retrieve'] } },
      orderBy: { lastUsedAt: 'desc' },
      select: { lastUsedAt: true },
    }),
    pool.query<{ type: string; at: Date }>(
      `SELECT "type", max("receivedAt") AS "at" FROM "Event" WHERE "experimentId" = $1::uuid GROUP BY "type"`,
      [experimentId],
    ),
  ]);
  const last = (type: string) => rows.find((row) => row.type === type)?.at;
  return [
    {
      title: 'The shop asks for recommendations',
      at: key?.lastUsedAt ?? undefined,
      remedy: 'No key with the scope “retrieve” has been used: make one on the page API keys and give it to the shop.',
    },
    {
      title: 'Shoppers of this experiment see items',
      at: last('impression'),
      remedy:
        'No impression has this experiment and its arm: the shop must send both with it, as the answer says them.',
    },
    {
      title: 'They click',
      at: last('click'),
      remedy: 'No click has arrived: clicks carry the same experiment and arm.',
    },
    {
      title: 'They order',
      at: last('order'),
      remedy: 'No order has arrived: an order line names the shopper and the item.',
    },
  ];
}

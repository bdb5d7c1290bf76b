import { apiScopes, publishableScopes } from '@duet/db';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { Badge } from '#components/states/badge.tsx';
import { apiKeys, keyDatasets } from '#data/api-keys.ts';
import { config } from '#data/services.ts';
import { formatAgo, formatCount, formatDay } from '#format.ts';
import { CreateForm } from './create.tsx';
import { RevokeForm } from './revoke.tsx';

export const metadata: Metadata = { title: 'API keys' };

export default async function KeysPage() {
  const [keys, datasets] = await Promise.all([apiKeys(), keyDatasets()]);
  const { rateLimit, rateBurst } = config();
  const now = new Date();
  return (
    <>
      <PageHeader
        title="API keys"
        summary="Who may call the retrieval service, for what, and how often. Only a key’s SHA-256 is stored."
      />
      <div className="space-y-6">
        <Section title="New key" note="It is shown once, after it is made.">
          <CreateForm
            rateLimit={rateLimit}
            rateBurst={rateBurst}
            datasets={datasets}
            scopes={apiScopes}
            publishable={publishableScopes}
          />
        </Section>
        <Section title="Keys" flush>
          <DataTable
            caption="Keys"
            rows={keys}
            rowKey={({ id }) => id}
            rowClassName={({ revokedAt }) => (revokedAt === null ? '' : 'text-muted')}
            empty="There is none yet."
            columns={[
              {
                title: 'Name',
                rowHeader: true,
                className: 'max-w-60 font-medium [overflow-wrap:anywhere]',
                cell: ({ name }) => name,
              },
              {
                title: 'Begins with',
                className: 'font-mono text-sm whitespace-nowrap',
                cell: ({ prefix }) => `${prefix}…`,
              },
              { title: 'Dataset', cell: ({ dataset }) => dataset ?? 'every one' },
              { title: 'Scopes', cell: ({ scopes }) => scopes.join(', ') },
              {
                title: 'Rate, burst',
                hint: 'Requests a second on average, and at once',
                numeric: true,
                cell: (key) =>
                  `${formatCount(key.rateLimit ?? rateLimit)}/s, ${formatCount(key.rateBurst ?? Math.max(rateBurst, key.rateLimit ?? 0))}`,
              },
              {
                title: 'Made',
                className: 'whitespace-nowrap',
                cell: ({ createdAt, madeBy }) => (
                  <>
                    {formatDay(createdAt)}
                    {madeBy && <span className="block text-sm text-muted">by {madeBy}</span>}
                  </>
                ),
              },
              {
                title: 'Last used',
                className: 'whitespace-nowrap',
                cell: ({ lastUsedAt }) => (lastUsedAt ? formatAgo(lastUsedAt, now) : 'never'),
              },
              {
                title: 'State',
                cell: ({ revokedAt }) =>
                  revokedAt === null ? (
                    <Badge tone="good">works</Badge>
                  ) : (
                    <Badge tone="quiet">revoked {formatDay(revokedAt)}</Badge>
                  ),
              },
              {
                title: 'Action',
                hideTitle: true,
                numeric: true,
                cell: ({ id, name, revokedAt }) => revokedAt === null && <RevokeForm id={id} name={name} />,
              },
            ]}
          />
        </Section>
      </div>
    </>
  );
}

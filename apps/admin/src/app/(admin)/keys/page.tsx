import type { Metadata } from 'next/types';
import { Badge } from '#components/badge.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Section } from '#components/section.tsx';
import { apiKeys } from '#data/api-keys.ts';
import { config } from '#data/services.ts';
import { formatAgo, formatCount, formatTime } from '#format.ts';
import { CreateForm } from './create.tsx';
import { RevokeForm } from './revoke.tsx';

export const metadata: Metadata = { title: 'API keys' };

export default async function KeysPage() {
  const keys = await apiKeys();
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
          <CreateForm rateLimit={rateLimit} rateBurst={rateBurst} />
        </Section>
        <Section title="Keys" flush>
          {keys.length === 0 ? (
            <p className="px-5 pb-5 text-muted">There is none yet.</p>
          ) : (
            <table className="data">
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Begins with</th>
                  <th scope="col">Scopes</th>
                  <th scope="col" className="num">
                    <abbr title="Requests a second on average, and at once">Rate, burst</abbr>
                  </th>
                  <th scope="col">Made</th>
                  <th scope="col">Last used</th>
                  <th scope="col">State</th>
                  <th scope="col">
                    <span className="sr-only">Action</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {keys.map((key) => (
                  <tr key={key.id} className={key.revokedAt === null ? '' : 'text-muted'}>
                    <th scope="row" className="max-w-60 font-medium [overflow-wrap:anywhere]">
                      {key.name}
                    </th>
                    <td className="font-mono text-sm whitespace-nowrap">{key.prefix}…</td>
                    <td>{key.scopes.join(', ')}</td>
                    <td className="num">
                      {formatCount(key.rateLimit ?? rateLimit)}/s,{' '}
                      {formatCount(key.rateBurst ?? Math.max(rateBurst, key.rateLimit ?? 0))}
                    </td>
                    <td className="whitespace-nowrap">{formatTime(key.createdAt)}</td>
                    <td className="whitespace-nowrap">{key.lastUsedAt ? formatAgo(key.lastUsedAt, now) : 'never'}</td>
                    <td>
                      {key.revokedAt === null ? (
                        <Badge tone="good">works</Badge>
                      ) : (
                        <Badge tone="quiet">revoked {formatTime(key.revokedAt)}</Badge>
                      )}
                    </td>
                    <td className="num">{key.revokedAt === null && <RevokeForm id={key.id} name={key.name} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Section>
      </div>
    </>
  );
}

import type { Rule } from '@duet/db';
import Link from 'next/link';
import type { Metadata } from 'next/types';
import { Badge } from '#components/badge.tsx';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Section } from '#components/section.tsx';
import { rulesOf } from '#data/rules.ts';
import { formatTime } from '#format.ts';
import { type PageQuery, textQuery } from '#page-query.ts';
import { RuleForm } from './form.tsx';
import { RuleSwitches } from './switches.tsx';

export const metadata: Metadata = { title: 'Rules' };

const does = ({ kind, place, factor }: Rule): string =>
  ({
    pin: `at place ${place}`,
    boost: `score × ${factor ?? 2}`,
    bury: `score × ${factor ?? 0.5}`,
    block: 'never shown',
  })[kind];

function state({ enabled, startsAt, endsAt }: Rule, now: Date): [tone: 'good' | 'quiet', text: string] {
  if (!enabled) return ['quiet', 'off'];
  if (startsAt && startsAt > now) return ['quiet', 'not yet'];
  if (endsAt && endsAt <= now) return ['quiet', 'over'];
  return ['good', 'in force'];
}

export default async function RulesPage({ searchParams }: { searchParams: PageQuery }) {
  const { datasets, dataset, categories, rules } = await rulesOf(await textQuery(searchParams, 'dataset'));
  const now = new Date();
  return (
    <>
      <PageHeader
        title="Rules"
        summary="What the shop wants of every list, whichever model made it: all arms of an experiment keep them, so they favour none. Pins stand in recommendations alone: a search and similar items answer for what was asked. The services follow a change within seconds."
      />
      {dataset === undefined ? (
        <Notice title="There is no dataset yet." />
      ) : (
        <div className="space-y-6">
          {datasets.length > 1 && (
            <nav aria-label="Dataset" className="flex flex-wrap gap-3">
              {datasets.map(({ id, name }) => (
                <Link
                  key={id}
                  href={`/rules?dataset=${id}`}
                  aria-current={id === dataset.id ? 'page' : undefined}
                  className="link aria-[current=page]:font-medium aria-[current=page]:text-ink aria-[current=page]:no-underline"
                >
                  {name}
                </Link>
              ))}
            </nav>
          )}
          <Section title="In force and waiting" flush>
            {rules.length === 0 ? (
              <p className="px-5 pb-5 text-muted">No rules: lists are as the models and the ranker make them.</p>
            ) : (
              <table className="data">
                <thead>
                  <tr>
                    <th scope="col">Rule</th>
                    <th scope="col">Concerns</th>
                    <th scope="col">Where</th>
                    <th scope="col">When</th>
                    <th scope="col">Note</th>
                    <th scope="col">State</th>
                    <th scope="col">
                      <span className="sr-only">Change</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {rules.map((rule) => {
                    const [tone, text] = state(rule, now);
                    return (
                      <tr key={rule.id}>
                        <th scope="row" className="whitespace-nowrap">
                          {rule.kind} <span className="font-normal text-muted">{does(rule)}</span>
                        </th>
                        <td>
                          {rule.category ?? (
                            <>
                              {rule.title} <span className="font-mono text-sm text-muted">{rule.itemId}</span>
                            </>
                          )}
                        </td>
                        <td>{rule.placement ?? <span className="text-muted">everywhere</span>}</td>
                        <td className="text-sm text-muted">
                          {rule.startsAt || rule.endsAt
                            ? `${rule.startsAt ? formatTime(rule.startsAt) : ''} – ${rule.endsAt ? formatTime(rule.endsAt) : ''}`
                            : 'always'}
                        </td>
                        <td className="max-w-xs text-sm text-muted">{rule.note}</td>
                        <td>
                          <Badge tone={tone}>{text}</Badge>
                        </td>
                        <td>
                          <RuleSwitches id={rule.id} enabled={rule.enabled} />
                        </td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            )}
          </Section>
          <Section title="New rule">
            <RuleForm datasetId={dataset.id} categories={categories} />
          </Section>
        </div>
      )}
    </>
  );
}

import type { Rule } from '@duet/db';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { Badge } from '#components/states/badge.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { ruleEffect, rulesOf } from '#data/rules.ts';
import { formatTime } from '#format.ts';
import { RuleForm } from './form.tsx';
import { RuleSwitches } from './switches.tsx';

export const metadata: Metadata = { title: 'Rules' };

const periodOf = ({ startsAt, endsAt }: Rule): string =>
  startsAt || endsAt ? `${startsAt ? formatTime(startsAt) : ''} – ${endsAt ? formatTime(endsAt) : ''}` : 'always';

function RuleState({ rule: { enabled, startsAt, endsAt }, now }: { rule: Rule; now: Date }) {
  if (!enabled) return <Badge tone="quiet">off</Badge>;
  if (startsAt && startsAt > now) return <Badge tone="quiet">not yet</Badge>;
  if (endsAt && endsAt <= now) return <Badge tone="quiet">over</Badge>;
  return <Badge tone="good">in force</Badge>;
}

export default async function RulesPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const { categories, rules } = await rulesOf(dataset);
  const now = new Date();
  return (
    <>
      <PageHeader
        title="Rules"
        summary="What the shop wants of every list, whichever model made it: all arms of an experiment keep them, so they favour none. Pins stand in recommendations alone: a search and similar items answer for what was asked. The services follow a change within seconds."
      />
      <div className="space-y-6">
        <Section title="In force and waiting" flush>
          <DataTable
            caption="Rules"
            rows={rules}
            rowKey={({ id }) => id}
            empty="No rules: lists are as the models and the ranker make them."
            columns={[
              {
                title: 'Rule',
                rowHeader: true,
                className: 'whitespace-nowrap',
                cell: (rule) => (
                  <>
                    {rule.kind} <span className="font-normal text-muted">{ruleEffect(rule)}</span>
                  </>
                ),
              },
              {
                title: 'Concerns',
                cell: ({ category, title, itemId }) =>
                  category ?? (
                    <>
                      {title} <span className="font-mono text-sm text-muted">{itemId}</span>
                    </>
                  ),
              },
              {
                title: 'Where',
                cell: ({ placement }) => placement ?? <span className="text-muted">everywhere</span>,
              },
              { title: 'When', className: 'text-sm text-muted', cell: periodOf },
              { title: 'Note', className: 'max-w-xs text-sm text-muted', cell: ({ note }) => note },
              { title: 'State', cell: (rule) => <RuleState rule={rule} now={now} /> },
              {
                title: 'Change',
                hideTitle: true,
                cell: (rule) => (
                  <Allowed to="merchandise">
                    <RuleSwitches
                      id={rule.id}
                      enabled={rule.enabled}
                      what={`${rule.kind} ${rule.category ?? rule.title}: ${ruleEffect(rule)}.`}
                    />
                  </Allowed>
                ),
              },
            ]}
          />
        </Section>
        <Section title="New rule">
          <Allowed to="merchandise" explain>
            <RuleForm datasetId={dataset.id} categories={categories} />
          </Allowed>
        </Section>
      </div>
    </>
  );
}

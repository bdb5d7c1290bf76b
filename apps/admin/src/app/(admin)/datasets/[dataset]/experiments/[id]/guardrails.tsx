import type { Report } from '@duet/experiments';
import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { Badge, type Tone } from '#components/states/badge.tsx';
import { Dot } from '#components/states/dot.tsx';
import { formatPercent } from '#format.ts';
import { showRange } from './metric.ts';

const tones: Record<Report['guardrails'][number]['state'], Tone> = {
  passed: 'good',
  breached: 'bad',
  undecided: 'quiet',
};

interface GuardrailsProps {
  report: Report;
  colors: Map<string, string>;
}

/** What no arm may lose, and whether it does. */
export function Guardrails({ report: { guardrails, metrics, arms }, colors }: GuardrailsProps) {
  if (guardrails.length === 0) return null;
  return (
    <Section
      title="Guardrails"
      note="Passed: the whole interval of the lift lies within the limit. Breached: all of it lies beyond."
      flush
    >
      <DataTable
        caption="Guardrails"
        rows={guardrails}
        rowKey={({ metric, armId }) => `${metric} ${armId}`}
        columns={[
          {
            title: 'Metric',
            rowHeader: true,
            className: 'font-medium',
            cell: ({ metric }) => (
              <span className="inline-block first-letter:uppercase">
                {metrics.find(({ key }) => key === metric)?.title ?? metric}
              </span>
            ),
          },
          {
            title: 'Arm',
            cell: ({ armId }) => (
              <span className="inline-flex items-center gap-2">
                <Dot color={colors.get(armId)} />
                {arms.find(({ id }) => id === armId)?.name}
              </span>
            ),
          },
          {
            title: 'May lose',
            numeric: true,
            className: 'text-muted',
            cell: ({ maxRelativeLoss }) => formatPercent(maxRelativeLoss),
          },
          {
            title: 'Lift',
            className: 'whitespace-nowrap text-muted',
            cell: ({ relative }) => showRange(relative),
          },
          { title: 'State', cell: ({ state }) => <Badge tone={tones[state]}>{state}</Badge> },
        ]}
      />
    </Section>
  );
}

import type { Report } from '@duet/experiments';
import { Badge, type Tone } from '#components/badge.tsx';
import { Section } from '#components/section.tsx';
import { formatPercent } from '#format.ts';
import { showRange } from './metric.ts';

const tones: Record<Report['guardrails'][number]['state'], Tone> = {
  passed: 'good',
  breached: 'bad',
  undecided: 'quiet',
};

/** What no arm may lose, and whether it does. */
export function Guardrails({
  report: { guardrails, metrics, arms },
  colors,
}: {
  report: Report;
  colors: Map<string, string>;
}) {
  if (guardrails.length === 0) return null;
  return (
    <Section
      title="Guardrails"
      note="Passed: the whole interval of the lift lies within the limit. Breached: all of it lies beyond."
      flush
    >
      <table className="data">
        <caption className="sr-only">Guardrails</caption>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">Arm</th>
            <th scope="col" className="num">
              May lose
            </th>
            <th scope="col">Lift</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {guardrails.map(({ metric, armId, maxRelativeLoss, relative, state }) => (
            <tr key={`${metric} ${armId}`}>
              <th scope="row" className="font-medium">
                <span className="inline-block first-letter:uppercase">
                  {metrics.find(({ key }) => key === metric)?.title ?? metric}
                </span>
              </th>
              <td>
                <span className="inline-flex items-center gap-2">
                  <span aria-hidden="true" className="size-2 rounded-full" style={{ background: colors.get(armId) }} />
                  {arms.find(({ id }) => id === armId)?.name}
                </span>
              </td>
              <td className="num text-muted">{formatPercent(maxRelativeLoss)}</td>
              <td className="whitespace-nowrap text-muted">{showRange(relative)}</td>
              <td>
                <Badge tone={tones[state]}>{state}</Badge>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

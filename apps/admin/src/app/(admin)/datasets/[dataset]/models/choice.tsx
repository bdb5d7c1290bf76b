import type { Choice } from '@duet/pipeline/control';
import { Section } from '#components/layout/section.tsx';
import { formatPercent } from '#format.ts';

interface ChoiceProps {
  /** A training run's; null of another preset. */
  choice: unknown;
}

/** Why a model's settings are what they are, where the preset auto decided them. */
export function ChoiceReasons({ choice }: ChoiceProps) {
  if (choice === null || choice === undefined) return null;
  const { reasons, trials } = choice as Choice;
  return (
    <Section title="Why these settings">
      <ul className="max-w-prose list-disc space-y-1 pl-5">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      {trials.length > 0 && (
        <details className="mt-3">
          <summary className="w-fit text-sm text-muted hover:text-ink">{trials.length} trainings were tried</summary>
          <dl className="mt-3 divide-y divide-line text-sm">
            {trials.map(({ name, share, seconds, metrics }) => (
              <div key={`${name} ${share}`} className="grid gap-x-4 py-2 sm:grid-cols-[14rem_minmax(0,1fr)]">
                <dt>
                  {name}
                  {share < 1 && <span className="text-muted">, {formatPercent(share, 0)} of its epochs</span>}
                </dt>
                <dd className="font-mono">
                  HR@50 {metrics['HR@50']?.toFixed(4)} · NDCG@50 {metrics['NDCG@50']?.toFixed(4)} · MRR{' '}
                  {metrics.MRR?.toFixed(4)} · {Math.round(seconds)} s
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </Section>
  );
}

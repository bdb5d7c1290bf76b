import { TrainingCurve } from '#components/charts/training-curve.tsx';
import { Section } from '#components/layout/section.tsx';
import { type CurvePoint, comparedMetrics } from '#data/models/evaluations.ts';

const colors = ['var(--ink)', 'var(--two-tower)', 'var(--dat)', 'var(--good)', 'var(--violet)', 'var(--busy)'];

/** Not those of the first ten items, which jump on the few users that a curve is measured on. */
const compared: string[] = comparedMetrics.map(({ name }) => name).filter((name) => !name.endsWith('@10'));

/**
 * What there is to draw: the total loss first; of the metrics those that models are compared by, where there are any. A
 * part that is the whole loss is left out: its line would lie exactly over the other.
 */
function namesIn(points: Record<string, number>[]): string[] {
  const names = [...new Set(points.flatMap((point) => Object.keys(point)))].filter(
    (name) => name === 'loss' || points.some((point) => point[name] !== point.loss),
  );
  const known = compared.filter((name) => names.includes(name));
  return known.length > 0
    ? known
    : names.sort((a, b) => Number(b === 'loss') - Number(a === 'loss') || a.localeCompare(b));
}

/** A run's loss parts and validation metrics side by side, as far as it has come. */
export function Curves({ curve }: { curve: CurvePoint[] }) {
  const panels = [
    {
      title: 'Loss',
      note: 'Mean of each part over the epoch’s steps.',
      points: curve.map(({ loss }) => loss),
      digits: 3,
    },
    {
      title: 'Validation',
      note: 'Metrics after each epoch, on purchases held out of the training part.',
      points: curve.map(({ validation }) => validation),
      digits: 4,
    },
  ];
  return (
    <div className="grid gap-6 xl:grid-cols-2">
      {panels.map(({ title, note, points, digits }) => {
        const names = namesIn(points);
        return (
          <Section key={title} title={title} note={note}>
            {names.length === 0 ? (
              <p className="text-muted">Nothing was recorded.</p>
            ) : (
              <TrainingCurve
                label={`${title} for each epoch: ${names.join(', ')}`}
                rows={points.map((values, i) => ({ ...values, epoch: curve[i]!.epoch }))}
                series={names.map((name, i) => ({ name, color: colors[i % colors.length]! }))}
                digits={digits}
              />
            )}
          </Section>
        );
      })}
    </div>
  );
}

'use client';

import { daysFor, type PlannedTest, prospectOf, type ShopHistory } from '@duet/experiments/power';
import { use, useState } from 'react';
import { useFormContext, useWatch } from 'react-hook-form';
import { Field } from '#components/forms/field.tsx';
import { formatCount, formatMoney, formatNumber, formatPercent } from '#format.ts';
import type { FormDataset, FormMetric } from './form-data.ts';
import { type FormPlan, plannedTestOf } from './plan.ts';

interface PowerPanelProps {
  dataset: FormDataset;
  metrics: FormMetric[];
}

const sources = {
  events: 'what shoppers did here',
  interactions: 'the dataset’s purchases, which know buyers alone: neither impressions nor clicks',
  none: 'nothing',
};

/** What the planned test can find, by this shop's own history. */
export function PowerPanel({ dataset, metrics }: PowerPanelProps) {
  const history = use(dataset.history);
  const { control } = useFormContext<FormPlan>();
  const form = useWatch({ control }) as FormPlan;
  const [power, setPower] = useState('80');
  const [targetChange, setTargetChange] = useState('5');
  const test = plannedTestOf(form, dataset.holdout, Number(power) / 100);
  const percentage = (id: string, label: string, hint: string, value: string, set: (value: string) => void) => (
    <Field id={id} label={label} hint={hint}>
      <input
        id={id}
        className="input"
        inputMode="decimal"
        value={value}
        aria-describedby={`${id}-hint`}
        onChange={(event) => set(event.target.value)}
      />
    </Field>
  );
  return (
    <aside aria-label="Power" className="rounded-xl border border-line bg-surface p-5 xl:sticky xl:top-8">
      <h2 className="font-semibold">What it can find</h2>
      <div role="status" className="mt-3">
        <Findings {...{ history, test, metrics, targetChange }} currency={dataset.currency} />
      </div>
      <div className="mt-4 grid grid-cols-2 gap-3 border-t border-line pt-4">
        {percentage('power', 'Chance to find it', 'percent', power, setPower)}
        {percentage('targetChange', 'Change to find', 'percent of control', targetChange, setTargetChange)}
      </div>
      {history.until !== null && (
        <p className="mt-3 text-xs text-muted">
          From {sources[history.source]}; {history.windows.at(-1)?.days ?? 0} days until {history.until.slice(0, 10)}.
          {test?.sequential && ' At the planned end of a test that may be looked at any time.'}
        </p>
      )}
    </aside>
  );
}

interface FindingsProps {
  history: ShopHistory;
  /** None while the form holds no numbers. */
  test: PlannedTest | undefined;
  metrics: FormMetric[];
  currency: string;
  /** Percent. */
  targetChange: string;
}

function Findings({ history, test, metrics, currency, targetChange }: FindingsProps) {
  const { setValue } = useFormContext<FormPlan>();
  if (history.source === 'none') {
    return (
      <p className="text-muted">This dataset has no history that tells days apart, so nothing can be said of power.</p>
    );
  }
  if (test === undefined) return <p className="text-muted">Fill in days, traffic, shares and error rate.</p>;
  const metric = metrics.find(({ key }) => key === test.metric) ?? metrics[0]!;
  const prospect = prospectOf(history, test);
  if (prospect === undefined) {
    const known = metrics.filter(({ key }) => prospectOf(history, { ...test, metric: key }) !== undefined);
    return (
      <>
        <p className="text-muted">
          The history says nothing of {metric.title}: it is {sources[history.source]}.{' '}
          {known.length > 0 && 'It can tell what a test of this length finds of:'}
        </p>
        <ul className="mt-2 space-y-1">
          {known.map(({ key, title }) => (
            <li key={key}>
              <button type="button" className="link text-left" onClick={() => setValue('primaryMetric', key)}>
                {title}
              </button>
            </li>
          ))}
        </ul>
      </>
    );
  }
  const { users, effect } = prospect;
  if (effect === undefined) {
    return (
      <p className="text-muted">
        {formatCount(users)} shoppers in {test.plannedDays} days are too few for any effect to be found.
      </p>
    );
  }
  const absolute = `± ${showChange(effect.absolute, metric, currency)}`;
  return (
    <dl className="space-y-3">
      <div>
        <dt className="text-sm text-muted">
          Smallest change of {metric.title} found in {test.plannedDays} days
        </dt>
        <dd className="text-2xl font-semibold tracking-tight">
          {effect.relative === null ? absolute : `± ${formatPercent(effect.relative, 1)}`}
        </dd>
        {effect.relative !== null && <dd className="text-sm text-muted">{absolute}</dd>}
      </div>
      <div>
        <dt className="text-sm text-muted">Shoppers in all arms by then</dt>
        <dd className="font-semibold">{formatCount(users)}</dd>
      </div>
      <div>
        <dt className="text-sm text-muted">To find a change of {targetChange} %</dt>
        <dd className="font-semibold">{timeFor(history, test, Number(targetChange) / 100)}</dd>
      </div>
    </dl>
  );
}

function showChange(value: number, { unit }: FormMetric, currency: string): string {
  if (unit === 'share') return `${formatNumber(100 * value, 2)} points`;
  return unit === 'minor' ? formatMoney(value, currency) : formatNumber(value, 3);
}

function timeFor(history: ShopHistory, test: PlannedTest, effect: number): string {
  const needed = effect > 0 ? daysFor(history, test, effect) : undefined;
  if (needed === undefined) return '–';
  if (needed === 'never') return `more than ${history.windows.at(-1)?.days ?? 0} days`;
  return `${needed.days} ${needed.days === 1 ? 'day' : 'days'}, ${formatCount(needed.users)} shoppers`;
}

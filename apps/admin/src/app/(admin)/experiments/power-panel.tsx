'use client';

import { daysFor, type PlannedTest, prospectOf, type ShopHistory } from '@duet/experiments/power';
import { useState } from 'react';
import { Field } from '#components/field.tsx';
import { formatCount, formatMoney, formatNumber, formatPercent } from '#format.ts';

interface PowerPanelProps {
  history: ShopHistory | undefined;
  currency: string;
  metric: { key: string; title: string; unit: 'share' | 'count' | 'minor' };
  /** NaN where the form holds no number. */
  test: Omit<PlannedTest, 'power'>;
}

const sources = {
  events: 'what shoppers did here',
  interactions: 'the dataset’s purchases, which know buyers alone: neither impressions nor clicks',
  none: 'nothing',
};

/** What the planned test can find, by this shop's own history. */
export function PowerPanel({ history, currency, metric, test }: PowerPanelProps) {
  const [power, setPower] = useState('80');
  const [wanted, setWanted] = useState('5');
  const asked = { ...test, power: Number(power) / 100 };
  const isAskable =
    [test.plannedDays, test.share, test.alpha, test.minimumUsers, ...test.weights].every((n) => n > 0) &&
    asked.power > 0 &&
    asked.power < 1 &&
    test.alpha < 1;
  const prospect = history && isAskable ? prospectOf(history, asked) : undefined;
  const effect = Number(wanted) / 100;
  const days = history && isAskable && effect > 0 ? daysFor(history, asked, effect) : undefined;
  const longest = history?.windows.at(-1)?.days ?? 0;
  const show = (value: number) =>
    metric.unit === 'share'
      ? `${formatNumber(100 * value, 2)} points`
      : metric.unit === 'minor'
        ? formatMoney(value, currency)
        : formatNumber(value, 3);
  return (
    <aside aria-label="Power" className="rounded-xl border border-line bg-surface p-5 xl:sticky xl:top-8">
      <h2 className="font-semibold">What it can find</h2>
      <div role="status" className="mt-3">
        {history === undefined || history.source === 'none' ? (
          <p className="text-muted">
            This dataset has no history that tells days apart, so nothing can be said of power.
          </p>
        ) : !isAskable ? (
          <p className="text-muted">Fill in days, traffic, shares and error rate.</p>
        ) : prospect === undefined ? (
          <p className="text-muted">
            The history says nothing of {metric.title}: {sources[history.source]}. Choose another metric to see what a
            test of this length can find, or come back when events have been logged for a week.
          </p>
        ) : prospect.effect === undefined ? (
          <p className="text-muted">
            {formatCount(prospect.users)} shoppers in {test.plannedDays} days are too few for any effect to be found.
          </p>
        ) : (
          <dl className="space-y-3">
            <div>
              <dt className="text-sm text-muted">
                Smallest change of {metric.title} found in {test.plannedDays} days
              </dt>
              <dd className="text-2xl font-semibold tracking-tight">
                {prospect.effect.relative === null
                  ? show(prospect.effect.absolute)
                  : `± ${formatPercent(prospect.effect.relative, 1)}`}
              </dd>
              {prospect.effect.relative !== null && (
                <dd className="text-sm text-muted">± {show(prospect.effect.absolute)}</dd>
              )}
            </div>
            <div>
              <dt className="text-sm text-muted">Shoppers in all arms by then</dt>
              <dd className="font-semibold">{formatCount(prospect.users)}</dd>
            </div>
            <div>
              <dt className="text-sm text-muted">To find a change of {wanted} %</dt>
              <dd className="font-semibold">
                {days === undefined
                  ? '–'
                  : days === 'never'
                    ? `more than ${longest} days`
                    : `${days.days} ${days.days === 1 ? 'day' : 'days'}, ${formatCount(days.users)} shoppers`}
              </dd>
            </div>
          </dl>
        )}
      </div>
      <div className="mt-4 grid grid-cols-2 gap-3 border-t border-line pt-4">
        <Field id="power" label="Chance to find it" hint="percent">
          <input
            id="power"
            className="input"
            inputMode="decimal"
            value={power}
            aria-describedby="power-hint"
            onChange={(event) => setPower(event.target.value)}
          />
        </Field>
        <Field id="wanted" label="Change to find" hint="percent of control">
          <input
            id="wanted"
            className="input"
            inputMode="decimal"
            value={wanted}
            aria-describedby="wanted-hint"
            onChange={(event) => setWanted(event.target.value)}
          />
        </Field>
      </div>
      {history !== undefined && history.until !== null && (
        <p className="mt-3 text-xs text-muted">
          From {sources[history.source]}; {longest} days until {history.until.slice(0, 10)}.
          {test.sequential && ' At the planned end of a test that may be looked at any time.'}
        </p>
      )}
    </aside>
  );
}

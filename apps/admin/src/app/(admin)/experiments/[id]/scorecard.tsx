import type { Report } from '@duet/experiments';
import Link from 'next/link';
import { LiftBar } from '#components/lift-bar.tsx';
import { Section } from '#components/section.tsx';
import { formatPercent } from '#format.ts';
import { scaleOf, showLift, showP, showRange, showValue, toneOf } from './metric.ts';

interface ScorecardProps {
  report: Report;
  /** Odds that the arm is better, in place of p values. */
  bayes: boolean;
  colors: Map<string, string>;
  /** Where a metric is drawn day by day. */
  address: (metric: string) => string;
}

/** Every metric in every arm against control. */
export function Scorecard({ report, bayes, colors, address }: ScorecardProps) {
  const { arms, metrics, experiment, currency, basis, options } = report;
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control && arm.weight > 0);
  const level = `${Number((100 * options.level).toFixed(2))} %`;
  const primaryFirst = [...metrics].sort(
    (a, b) => Number(b.key === experiment.primaryMetric) - Number(a.key === experiment.primaryMetric),
  );
  const judged = basis === 'sequence' ? 'always valid' : 'at the planned end';
  return (
    <Section
      title="Every metric"
      note="Wide and light: the confidence sequence. Narrow: the fixed-horizon interval, valid at the planned end only. CUPED takes out what shoppers did before."
      flush
    >
      <table className="data min-w-[64rem]">
        <caption className="sr-only">Every metric in every arm against control</caption>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            {treatments.length > 1 && <th scope="col">Arm</th>}
            <th scope="col" className="num">
              {control?.name ?? 'Control'}
            </th>
            <th scope="col" className="num">
              {treatments.length > 1 ? 'Value' : treatments[0]?.name}
            </th>
            <th scope="col" className="num">
              Lift
            </th>
            <th scope="col">
              {level} {basis === 'sequence' ? 'confidence sequence' : 'fixed-horizon interval'}
            </th>
            <th scope="col" className={bayes ? 'w-[14%]' : 'w-[20%]'}>
              <span className="sr-only">Lift drawn</span>
            </th>
            <th scope="col">By CUPED</th>
            {bayes ? (
              <>
                <th scope="col" className="num">
                  <abbr title="Probability that the arm is better than control, with a prior of no effect">
                    Chance to win
                  </abbr>
                </th>
                <th scope="col" className="num">
                  <abbr title="What is lost on average, in relative lift, by choosing the arm where it is worse">
                    Expected loss
                  </abbr>
                </th>
              </>
            ) : (
              <th scope="col" className="num">
                <abbr
                  title={`Two-sided, ${judged}${treatments.length > 1 ? ', after Holm’s correction for the arms' : ''}`}
                >
                  p
                </abbr>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {primaryFirst.flatMap((metric) => {
            const { key, title } = metric;
            const scale = scaleOf(
              treatments.flatMap(({ lift }) => [lift![key]!.relative, lift![key]!.sequence.relative]),
            );
            return treatments.map((arm, place) => {
              const lift = arm.lift![key]!;
              const { relative, adjustedP } = basis === 'sequence' ? lift.sequence : lift;
              const { cuped } = lift;
              return (
                <tr key={`${key} ${arm.id}`}>
                  {place === 0 && (
                    <th scope="rowgroup" rowSpan={treatments.length} className="align-top! font-medium">
                      <Link href={address(key)} scroll={false} className="hover:underline">
                        <span className="inline-block first-letter:uppercase">{title}</span>
                      </Link>
                      {key === experiment.primaryMetric && (
                        <span className="block text-sm font-normal text-muted">primary</span>
                      )}
                    </th>
                  )}
                  {treatments.length > 1 && <td className="pl-3! whitespace-nowrap">{arm.name}</td>}
                  <td className="num text-muted">{showValue(control?.metrics[key]?.value, metric, currency)}</td>
                  <td className="num">{showValue(arm.metrics[key]?.value, metric, currency)}</td>
                  <td className={`num font-semibold ${toneOf(report, relative, adjustedP, metric)}`}>
                    {showLift(relative.value)}
                  </td>
                  <td className="whitespace-nowrap text-muted">{showRange(relative)}</td>
                  <td>
                    <LiftBar
                      value={lift.relative.value}
                      sequence={lift.sequence.relative}
                      fixed={lift.relative}
                      scale={scale}
                      color={colors.get(arm.id)!}
                    />
                  </td>
                  <td className="whitespace-nowrap text-muted">
                    {cuped ? (
                      <abbr
                        title={`${showRange(basis === 'sequence' ? cuped.sequence.relative : cuped.relative)}, ${formatPercent(cuped.varianceReduction, 0)} less variance`}
                      >
                        {showLift(cuped.relative.value)}
                      </abbr>
                    ) : (
                      '–'
                    )}
                  </td>
                  {bayes ? (
                    <>
                      <td className="num">{lift.bayes ? formatPercent(lift.bayes.chanceToWin) : '–'}</td>
                      <td className="num text-muted">{lift.bayes ? formatPercent(lift.bayes.expectedLoss, 2) : '–'}</td>
                    </>
                  ) : (
                    <td className="num">{showP(adjustedP)}</td>
                  )}
                </tr>
              );
            });
          })}
        </tbody>
      </table>
    </Section>
  );
}

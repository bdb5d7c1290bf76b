import { liftScale, type Report, ticksOf } from '@duet/experiments';
import { CumulativeLift } from '#components/charts/cumulative-lift.tsx';
import { Section } from '#components/layout/section.tsx';
import { Dot } from '#components/states/dot.tsx';
import { shownMetric } from './metric.ts';
import { MetricChoice } from './metric-choice.tsx';
import { type ReportQuery, reportQueryString } from './report-query.ts';

interface LiftPlotsProps {
  /** Of the experiment's pages. */
  address: string;
  report: Report;
  reportQuery: ReportQuery;
  colors: Map<string, string>;
}

/** The cumulative lift of one metric, a chart for each arm on one scale. */
export function LiftPlots({ address, report, reportQuery, colors }: LiftPlotsProps) {
  const { metrics, arms, series, plannedDay, options } = report;
  const metric = shownMetric(report, reportQuery.metric);
  const lines = series.filter(
    (line) => line.metric === metric.key && line.points.some(({ relative }) => relative.value !== null),
  );
  const scale = liftScale(lines.map(({ points }) => points));
  return (
    <Section
      title={`Lift of the ${metric.title}, all days up to each`}
      note={`The band is the ${Number((100 * options.level).toFixed(2))} % confidence sequence: it holds at every look.${plannedDay ? ' The upright stroke is the fixed-horizon interval; it is valid at the planned end and on no other day.' : ''}`}
    >
      <MetricChoice
        metrics={metrics}
        chosen={metric.key}
        address={(key) => `${address}${reportQueryString({ ...reportQuery, metric: key })}`}
      />
      {lines.length === 0 ? (
        <p className="text-muted">No day tells anything of it yet.</p>
      ) : (
        <div className={lines.length > 1 ? 'grid gap-6 xl:grid-cols-2' : ''}>
          {lines.map(({ armId, points }) => {
            const { name } = arms.find((arm) => arm.id === armId)!;
            return (
              <figure key={armId} className="min-w-0">
                <figcaption className="mb-1 flex items-center gap-2 text-sm">
                  <Dot color={colors.get(armId)} />
                  {name}
                </figcaption>
                <CumulativeLift
                  label={`${name}: cumulative lift of the ${metric.title} by day, with its confidence sequence; the Days page has the numbers`}
                  points={points}
                  plannedDay={plannedDay}
                  scale={scale}
                  ticks={ticksOf(scale, 5)}
                  color={colors.get(armId)!}
                />
              </figure>
            );
          })}
        </div>
      )}
    </Section>
  );
}

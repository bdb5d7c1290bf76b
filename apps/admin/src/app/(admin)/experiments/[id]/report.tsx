import { experimentReport, type Report } from '@duet/experiments';
import { Badge } from '#components/badge.tsx';
import { IntervalBar } from '#components/interval-bar.tsx';
import { Kind } from '#components/kind.tsx';
import { Notice } from '#components/notice.tsx';
import { Section } from '#components/section.tsx';
import { Stat, Stats } from '#components/stat.tsx';
import { attempt } from '#data/problem.ts';
import { database } from '#data/services.ts';
import { formatChange, formatCount, formatMoney, formatNumber, formatPercent } from '#format.ts';

type Metric = Report['metrics'][number];
type Interval = Report['arms'][number]['metrics'][Metric['key']];

/** What is known of a metric's value in its own unit. */
const show = (value: number, unit: Metric['unit'], currency: string): string =>
  unit === 'share' ? formatPercent(value, 2) : unit === 'minor' ? formatMoney(value, currency) : formatNumber(value, 3);

const range = ({ low, high }: Interval, format: (value: number) => string): string =>
  low === null || high === null ? 'interval not determined' : `${format(low)} to ${format(high)}`;

/** Both ends of a scale that holds every interval, with a little room. */
function scaleOf(intervals: Interval[], ...also: number[]): [number, number] {
  const values = [...also, ...intervals.flatMap(({ low, value, high }) => [low, value, high])].filter(
    (value): value is number => value !== null && Number.isFinite(value),
  );
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.08 || 1;
  return [low - room, high + room];
}

/** The report of one experiment; one pass over its events, so it comes after the rest of the page. */
export async function ExperimentReport({ id, kinds }: { id: string; kinds: Map<string, string> }) {
  const db = await database();
  const { value: report, problem } = await attempt(() => experimentReport(db, id));
  if (report === undefined)
    return (
      <Notice tone="problem" title="There is no report.">
        {problem}
      </Notice>
    );
  const { arms, srm, currency, options, usersInTwoArms } = report;
  const users = arms.reduce((sum, arm) => sum + arm.users, 0);
  const color = (modelId: string) => `var(--${kinds.get(modelId)}, var(--muted))`;
  return (
    <div className="space-y-6">
      <Section title="What can be concluded">
        <p className="max-w-4xl text-lg leading-relaxed">{report.conclusion.replaceAll(' %', '\u00a0%')}</p>
      </Section>
      <Stats>
        <Stat
          label="Shoppers exposed"
          value={formatCount(users)}
          note={
            usersInTwoArms > 0 ? `${formatCount(usersInTwoArms)} more saw two arms and are left out` : 'each in one arm'
          }
        />
        <Stat label="Impressions" value={formatCount(arms.reduce((sum, arm) => sum + arm.impressions, 0))} />
        <Stat label="Clicks" value={formatCount(arms.reduce((sum, arm) => sum + arm.clicks, 0))} />
        <Stat label="Orders" value={formatCount(arms.reduce((sum, arm) => sum + arm.orders, 0))} />
        <Stat
          label="GMV"
          value={formatMoney(
            arms.reduce((sum, arm) => sum + arm.gmvMinor, 0),
            currency,
          )}
        />
        <Stat
          label={
            <abbr title="Sample ratio mismatch: a χ² test of the shoppers seen in each arm against the planned split, alarmed below p = 0.001">
              Split as planned
            </abbr>
          }
          value={
            <Badge tone={srm.warning ? 'bad' : srm.p === null ? 'quiet' : 'good'}>
              {srm.warning ? 'mismatch' : srm.p === null ? 'no data' : 'yes'}
            </Badge>
          }
          note={srm.p === null ? undefined : `p = ${formatNumber(srm.p, 3)}`}
        />
      </Stats>

      {users > 0 &&
        report.metrics.map((metric) => {
          const format = (value: number) => show(value, metric.unit, currency);
          const [from, to] = scaleOf(arms.map((arm) => arm.metrics[metric.key]));
          const lifts = arms.flatMap((arm) => (arm.lift ? [arm.lift[metric.key].relative] : []));
          const [liftFrom, liftTo] = scaleOf(lifts, 0);
          return (
            <Section
              key={metric.key}
              title={<span className="inline-block first-letter:uppercase">{metric.title}</span>}
              flush
            >
              <table className="data min-w-[62rem] table-fixed">
                <thead>
                  <tr>
                    <th scope="col" className="w-[13%]">
                      Arm
                    </th>
                    <th scope="col" className="num w-[9%]">
                      Value
                    </th>
                    <th scope="col">{formatPercent(options.level, 0)} interval</th>
                    <th scope="col" className="w-[15%]">
                      <span className="sr-only">Interval drawn</span>
                    </th>
                    <th scope="col" className="num w-[8%]">
                      Lift
                    </th>
                    <th scope="col">{formatPercent(options.level, 0)} interval of the lift</th>
                    <th scope="col" className="w-[15%]">
                      <span className="sr-only">Lift drawn</span>
                    </th>
                    <th scope="col" className="num w-[7%]">
                      p
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {arms.map((arm) => {
                    const own = arm.metrics[metric.key];
                    const lift = arm.lift?.[metric.key];
                    return (
                      <tr key={arm.id}>
                        <th scope="row" className="font-medium">
                          {arm.name}
                          {arm.control && <span className="font-normal text-muted"> control</span>}
                        </th>
                        <td className="num font-semibold">{own.value === null ? '–' : format(own.value)}</td>
                        <td className="whitespace-nowrap text-muted">
                          {own.value === null ? '–' : range(own, format)}
                        </td>
                        <td>
                          <IntervalBar {...own} from={from} to={to} color={color(arm.modelId)} />
                        </td>
                        <td className="num font-semibold">
                          {lift?.relative.value === null || lift === undefined
                            ? '–'
                            : formatChange(lift.relative.value)}
                        </td>
                        <td className="whitespace-nowrap text-muted">
                          {lift === undefined ? '–' : range(lift.relative, formatChange)}
                        </td>
                        <td>
                          {lift && (
                            <IntervalBar
                              {...lift.relative}
                              from={liftFrom}
                              to={liftTo}
                              mark={0}
                              color={color(arm.modelId)}
                            />
                          )}
                        </td>
                        <td className="num">
                          {lift?.p === null || lift === undefined
                            ? '–'
                            : lift.p < 0.001
                              ? '< 0.001'
                              : formatNumber(lift.p, 3)}
                        </td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </Section>
          );
        })}

      <Section title="Arms" flush>
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Arm</th>
              <th scope="col">Model</th>
              <th scope="col" className="num">
                Planned
              </th>
              <th scope="col" className="num">
                Shoppers
              </th>
              <th scope="col" className="num">
                Impressions
              </th>
              <th scope="col" className="num">
                Clicks
              </th>
              <th scope="col" className="num">
                Orders
              </th>
              <th scope="col" className="num">
                GMV
              </th>
            </tr>
          </thead>
          <tbody>
            {arms.map((arm) => (
              <tr key={arm.id}>
                <th scope="row" className="font-medium">
                  {arm.name}
                </th>
                <td>
                  <Kind kind={kinds.get(arm.modelId) ?? 'unknown'} />
                </td>
                <td className="num text-muted">{formatPercent(arm.weight, 0)}</td>
                <td className="num">
                  {formatCount(arm.users)}
                  {users > 0 && <span className="text-muted"> ({formatPercent(arm.users / users)})</span>}
                </td>
                <td className="num">{formatCount(arm.impressions)}</td>
                <td className="num">{formatCount(arm.clicks)}</td>
                <td className="num">{formatCount(arm.orders)}</td>
                <td className="num">{formatMoney(arm.gmvMinor, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className="border-t border-line px-5 py-3 text-sm text-muted">
          The shopper is the unit: intervals use the delta method for ratios and Welch’s test for differences. A click
          counts within {options.clickWindowHours} hours of the impression, an order within {options.orderWindowDays}{' '}
          days of the first exposure.
        </p>
      </Section>
    </div>
  );
}

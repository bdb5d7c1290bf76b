import { liftScale, type Report, ticksOf } from '@duet/experiments';
import { CumulativeLift } from '#components/charts/cumulative-lift.tsx';
import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { Stat, Stats } from '#components/layout/stat.tsx';
import { formatCount, formatPercent } from '#format.ts';
import { showP } from './metric.ts';

type Found = NonNullable<Report['interleaving']>;

interface InterleavingProps {
  report: Report;
  found: Found;
  colors: Map<string, string>;
}

/** Which of two rankings shoppers prefer, from their clicks on lists of both. */
export function Interleaving({ report, found, colors }: InterleavingProps) {
  const { arms, plannedDay, options } = report;
  const treatment = arms.find(({ control, weight }) => !control && weight > 0);
  const name = treatment?.name ?? 'the treatment';
  const level = `${Number((100 * options.level).toFixed(2))} %`;
  const points = found.days.map(({ day, users, sign, sequence }) => ({
    ...{ day, users, relative: aboveHalf(sign), p: sign.p, sequence: aboveHalf(sequence) },
  }));
  const scale = liftScale([points]);
  return (
    <>
      <Stats>
        <Stat label="Shoppers" value={formatCount(found.users)} note="each saw both arms’ items" />
        {found.arms.map(({ armId, impressions, clicks }) => (
          <Stat
            key={armId}
            label={`Clicks on ${arms.find(({ id }) => id === armId)?.name ?? armId}`}
            value={formatCount(clicks)}
            note={`of ${formatCount(impressions)} seen`}
          />
        ))}
      </Stats>
      <Section
        title={`Share of the shoppers with a preference who prefer ${name}, above one half`}
        note={`All days up to each. The band is the ${level} confidence sequence: it holds at every look.`}
      >
        {points.length === 0 ? (
          <p className="text-muted">No list has been seen yet.</p>
        ) : (
          <CumulativeLift
            label={`${name}: share of the shoppers with a preference above one half by day, with its confidence sequence`}
            points={points}
            plannedDay={plannedDay}
            scale={scale}
            ticks={ticksOf(scale, 5)}
            color={colors.get(treatment?.id ?? '') ?? 'currentColor'}
          />
        )}
      </Section>
      <Section title="Preference" flush>
        <DataTable
          caption="Preference"
          rows={sharesOf(found)}
          rowKey={({ what }) => what}
          columns={[
            { title: `${name}’s share of`, rowHeader: true, className: 'font-medium', cell: ({ what }) => what },
            { title: 'Value', numeric: true, cell: ({ value }) => (value === null ? '–' : formatPercent(value)) },
            {
              title: `${level} interval`,
              numeric: true,
              cell: ({ low, high }) =>
                low === null || high === null ? '–' : `${formatPercent(low)} to ${formatPercent(high)}`,
            },
            { title: 'p', numeric: true, cell: ({ p }) => showP(p) },
          ]}
        />
        <p className="border-t border-line px-5 py-3 text-sm text-muted">
          Lists are merged by team draft; the shopper is the unit. A click counts within {options.clickWindowHours}{' '}
          hours of the impression, for the arm whose item it was.
        </p>
      </Section>
    </>
  );
}

/** The same preference by clicks and by shoppers. */
const sharesOf = ({ sequence, preference, userPreference, sign, users, ties, wins, losses }: Found) => [
  { what: `${formatCount(wins + losses)} shoppers with a preference, at any look`, ...sequence },
  { what: 'the same, valid at the planned end alone', ...sign },
  {
    what: `${formatCount(users)} shoppers, the ${formatCount(ties)} without a preference as halves`,
    ...userPreference,
  },
  { what: 'the clicks, of which a few shoppers may have most', ...preference },
];

/** About no preference, as a lift is about none. */
const aboveHalf = ({ value, low, high }: Found['sign']) => ({
  value: value === null ? null : value - 0.5,
  low: low === null ? null : low - 0.5,
  high: high === null ? null : high - 0.5,
});

import { liftScale, type Report, ticksOf } from '@duet/experiments';
import { CumulativeLift } from '#components/charts/cumulative-lift.tsx';
import { Section } from '#components/section.tsx';
import { Stat, Stats } from '#components/stat.tsx';
import { formatCount, formatNumber, formatPercent } from '#format.ts';

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
        <table className="data">
          <caption className="sr-only">Preference</caption>
          <thead>
            <tr>
              <th scope="col">{name}’s share of</th>
              {['Value', `${level} interval`, 'p'].map((title) => (
                <th key={title} scope="col" className="num">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Share
              what={`${formatCount(found.wins + found.losses)} shoppers with a preference, at any look`}
              test={found.sequence}
            />
            <Share what="the same, valid at the planned end alone" test={found.sign} />
            <Share
              what={`${formatCount(found.users)} shoppers, the ${formatCount(found.ties)} without a preference as halves`}
              test={found.userPreference}
            />
            <Share what="the clicks, of which a few shoppers may have most" test={found.preference} />
          </tbody>
        </table>
        <p className="border-t border-line px-5 py-3 text-sm text-muted">
          Lists are merged by team draft; the shopper is the unit. A click counts within {options.clickWindowHours}{' '}
          hours of the impression, for the arm whose item it was.
        </p>
      </Section>
    </>
  );
}

function Share({ what, test: { value, low, high, p } }: { what: string; test: Found['sign'] }) {
  return (
    <tr>
      <th scope="row" className="font-medium">
        {what}
      </th>
      <td className="num">{value === null ? '–' : formatPercent(value)}</td>
      <td className="num">{low === null || high === null ? '–' : `${formatPercent(low)} to ${formatPercent(high)}`}</td>
      <td className="num">{p === null ? '–' : p < 0.001 ? '< 0.001' : formatNumber(p, 3)}</td>
    </tr>
  );
}

/** About no preference, as a lift is about none. */
const aboveHalf = ({ value, low, high }: Found['sign']) => ({
  value: value === null ? null : value - 0.5,
  low: low === null ? null : low - 0.5,
  high: high === null ? null : high - 0.5,
});

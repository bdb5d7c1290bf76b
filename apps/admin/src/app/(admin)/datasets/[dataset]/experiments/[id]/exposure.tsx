import type { Report } from '@duet/experiments';
import { Stat, Stats } from '#components/layout/stat.tsx';
import { Badge } from '#components/states/badge.tsx';
import { formatCount, formatMoney, formatNumber } from '#format.ts';

/** How much was seen, and whether the shoppers split as planned. */
export function Exposure({
  report: { arms, srm, currency, usersInTwoArms, excludedUsers, lateEvents },
}: {
  report: Report;
}) {
  const sum = (key: 'users' | 'impressions' | 'clicks' | 'orders' | 'gmvMinor') =>
    arms.reduce((total, arm) => total + arm[key], 0);
  const leftOut = [
    usersInTwoArms !== null && usersInTwoArms > 0 && `${formatCount(usersInTwoArms)} saw two arms`,
    excludedUsers !== null && excludedUsers > 0 && `${formatCount(excludedUsers)} are bots or test users`,
  ].filter(Boolean);
  return (
    <Stats>
      <Stat
        label="Shoppers exposed"
        value={formatCount(sum('users'))}
        note={leftOut.length > 0 ? `left out: ${leftOut.join(', ')}` : 'each in one arm'}
      />
      <Stat label="Impressions" value={formatCount(sum('impressions'))} />
      <Stat
        label="Clicks"
        value={formatCount(sum('clicks'))}
        note={lateEvents !== null && lateEvents > 0 && `${formatCount(lateEvents)} events came too late`}
      />
      <Stat label="Orders" value={formatCount(sum('orders'))} />
      <Stat label="GMV" value={formatMoney(sum('gmvMinor'), currency)} />
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
        note={srm.p === null ? undefined : srm.p < 0.001 ? 'p < 0.001' : `p = ${formatNumber(srm.p, 3)}`}
      />
    </Stats>
  );
}

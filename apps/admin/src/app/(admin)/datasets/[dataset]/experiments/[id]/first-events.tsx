import { Refresh } from '#components/layout/refresh.tsx';
import { Section } from '#components/layout/section.tsx';
import { Badge } from '#components/states/badge.tsx';
import { firstSigns } from '#data/experiments/first-signs.ts';
import { formatAgo, formatDay } from '#format.ts';

interface FirstEventsProps {
  experiment: { id: string; plannedEndAt: Date | null };
}

/** What must happen before an experiment that runs has figures, and whether it does. It looks again by itself. */
export async function FirstEvents({ experiment: { id, plannedEndAt } }: FirstEventsProps) {
  const now = new Date();
  const signs = await firstSigns(id);
  return (
    <Section
      title="On the way to the first figures"
      note={
        plannedEndAt
          ? `Figures come with the first shopper; it is planned until ${formatDay(plannedEndAt)}.`
          : 'Figures come with the first shopper.'
      }
    >
      <Refresh everyMs={5000} />
      <ul className="divide-y divide-line">
        {signs.map(({ title, at, remedy }) => (
          <li key={title} className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1 py-2">
            <div className="min-w-0">
              <p>{title}</p>
              {at === undefined && <p className="text-sm text-muted">{remedy}</p>}
            </div>
            {at === undefined ? <Badge tone="quiet">not yet</Badge> : <Badge tone="good">{formatAgo(at, now)}</Badge>}
          </li>
        ))}
      </ul>
    </Section>
  );
}

import { formatCount, formatMetric } from '#format.ts';
import { Meter } from './meter.tsx';

interface Group {
  name: string;
  users: number;
  targets?: number | undefined;
  metrics: Record<string, number>;
}

/** A model's metrics by group of what was to be found. */
export function GroupMetrics({ heading, groups, kind }: { heading: string; groups: Group[]; kind: string }) {
  const top = Math.max(0.0001, ...groups.map(({ metrics }) => metrics['Recall@50'] ?? 0));
  return (
    <table className="data">
      <thead>
        <tr>
          <th scope="col">{heading}</th>
          <th scope="col" className="num">
            Shoppers
          </th>
          <th scope="col" className="num">
            To be found
          </th>
          <th scope="col" className="num">
            HR@50
          </th>
          <th scope="col" className="num">
            Recall@50
          </th>
          <th scope="col">
            <span className="sr-only">Recall@50 as a bar</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {groups.map(({ name, users, targets, metrics }) => (
          <tr key={name}>
            <th scope="row" className="font-medium">
              {name}
            </th>
            <td className="num text-muted">{formatCount(users)}</td>
            <td className="num text-muted">{targets === undefined ? '–' : formatCount(targets)}</td>
            <td className="num">{metrics['HR@50'] === undefined ? '–' : formatMetric(metrics['HR@50'])}</td>
            <td className="num">{metrics['Recall@50'] === undefined ? '–' : formatMetric(metrics['Recall@50'])}</td>
            <td>
              <Meter share={(metrics['Recall@50'] ?? 0) / top} color={`var(--${kind}, var(--muted))`} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

import Link from 'next/link';

interface MetricChoiceProps {
  metrics: { key: string; title: string }[];
  chosen: string;
  address: (key: string) => string;
}

/** Which metric is shown; each is an address of its own. */
export function MetricChoice({ metrics, chosen, address }: MetricChoiceProps) {
  return (
    <nav aria-label="Metric" className="mb-4 flex flex-wrap gap-x-4 gap-y-1 text-sm">
      {metrics.map(({ key, title }) => (
        <Link
          key={key}
          href={address(key)}
          scroll={false}
          aria-current={key === chosen ? 'true' : undefined}
          className="text-muted hover:text-ink aria-[current]:font-medium aria-[current]:text-ink aria-[current]:underline aria-[current]:underline-offset-4"
        >
          {title}
        </Link>
      ))}
    </nav>
  );
}

import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Section } from '#components/layout/section.tsx';

export interface NextStep {
  title: string;
  why: string;
  /** Within the dataset. */
  href?: string;
  command?: string;
}

/** What is missing, and where to get it; nothing where nothing is. */
export function NextSteps({ steps }: { steps: NextStep[] }) {
  if (steps.length === 0) return null;
  return (
    <Section title="Next steps" flush>
      <ol className="divide-y divide-line border-t border-line">
        {steps.map(({ title, why, href, command }, i) => (
          <li key={title} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
            <span
              aria-hidden="true"
              className="grid size-6 place-items-center rounded-full bg-mark text-xs font-semibold text-busy"
            >
              {i + 1}
            </span>
            <div className="min-w-0 flex-1 basis-64">
              {href ? (
                <DatasetLink href={href} className="link font-medium">
                  {title}
                </DatasetLink>
              ) : (
                <p className="font-medium">{title}</p>
              )}
              <p className="text-sm text-muted">{why}</p>
            </div>
            {command && (
              <code className="rounded-md border border-line bg-raised px-2.5 py-1 font-mono text-sm [overflow-wrap:anywhere]">
                {command}
              </code>
            )}
          </li>
        ))}
      </ol>
    </Section>
  );
}

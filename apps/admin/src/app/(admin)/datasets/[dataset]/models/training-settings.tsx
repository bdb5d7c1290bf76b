import { Section } from '#components/layout/section.tsx';
import { Parameters } from '#components/models/parameters.tsx';
import { changedSettings } from './settings.ts';

interface TrainingSettingsProps {
  kind: string;
  preset: string;
  parameters: unknown;
  note?: string;
}

/** What a model was trained with: what differs from its preset first, with its meaning; the rest folded. */
export function TrainingSettings({ kind, preset, parameters, note }: TrainingSettingsProps) {
  const { changed, same } = changedSettings(kind, preset, parameters);
  return (
    <Section title="Settings" note={note}>
      {changed.length === 0 ? (
        <p className="text-muted">All as the preset {preset} has them.</p>
      ) : (
        <dl className="divide-y divide-line">
          {changed.map(({ key, value, preset: usual, meaning }) => (
            <div key={key} className="grid gap-x-4 py-2 sm:grid-cols-[14rem_minmax(0,1fr)]">
              <dt className="font-mono text-sm text-muted">{key}</dt>
              <dd className="min-w-0">
                <span className="font-mono text-sm [overflow-wrap:anywhere]">{value}</span>
                {usual !== undefined && <span className="text-sm text-muted"> in place of {usual}</span>}
                {meaning && <span className="block text-xs text-muted">{meaning}</span>}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {Object.keys(same).length > 0 && (
        <details className="mt-3">
          <summary className="w-fit text-sm text-muted hover:text-ink">
            {Object.keys(same).length} settings as the preset has them
          </summary>
          <div className="mt-3">
            <Parameters of={same} />
          </div>
        </details>
      )}
    </Section>
  );
}

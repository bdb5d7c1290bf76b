import type { Dataset } from '@duet/db';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Section } from '#components/layout/section.tsx';
import { ModelName } from '#components/models/model-name.tsx';
import type { Overview, RunningExperiment } from '#data/overview/overview.ts';
import { formatCount, formatPercent } from '#format.ts';

/** Which models the retrieval service answers with, as it says itself. */
export function Answering({ dataset, now: { health, isServed, experiments } }: { dataset: Dataset; now: Overview }) {
  const served = health.value;
  return (
    <Section title="What answers" note="As the retrieval service says itself." flush>
      {served === undefined ? (
        <p className="px-5 pb-5 text-muted">{health.problem}</p>
      ) : !isServed ? (
        <p className="px-5 pb-5 text-muted">
          {served.dataset === null
            ? 'It answers for no dataset yet.'
            : `It answers for ${served.dataset} now: shoppers are served the dataset whose experiment started last. No shopper sees ${dataset.name}.`}
        </p>
      ) : (
        <ul className="grid gap-px border-t border-line bg-line sm:grid-cols-[repeat(auto-fit,minmax(18rem,1fr))]">
          {served.models.map(({ id, kind, name, index }) => (
            <li key={id} className="bg-surface px-5 py-3">
              <DatasetLink href={`/models/${id}`} className="font-medium hover:underline">
                <ModelName kind={kind} name={name} />
              </DatasetLink>
              <p className="text-sm text-muted">
                <span className="font-mono">{index.factory}</span> on {index.engine}, {formatCount(index.size)} items
              </p>
              {armsOf(id, experiments).map((arm) => (
                <p key={arm} className="text-sm text-muted">
                  {arm}
                </p>
              ))}
            </li>
          ))}
          {served.problems.map((problem) => (
            <li key={problem} className="bg-surface px-5 py-3 text-bad">
              {problem}
            </li>
          ))}
          {served.fallbacks.map((fallback) => (
            <li key={fallback} className="bg-surface px-5 py-3 text-muted">
              {fallback}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

/** The arms that serve a model, with the share of all shoppers that see each. */
const armsOf = (modelId: string, experiments: RunningExperiment[]): string[] =>
  experiments.flatMap(({ name, share, arms }) =>
    arms
      .filter((arm) => arm.modelId === modelId)
      .map(
        (arm) =>
          `${name}: arm ${arm.name}${arm.control ? ' (control)' : ''}, ${share === undefined ? 'simulated shoppers' : `${formatPercent(arm.weight * share, 0)} of shoppers`}`,
      ),
  );

import { Notice } from '#components/layout/notice.tsx';
import { Section } from '#components/layout/section.tsx';
import { GroupMetrics } from '#components/models/group-metrics.tsx';
import { MetricsFootnote, MetricsTable } from '#components/models/metrics-table.tsx';
import { type StoredEvaluation, splitMeaning } from '#data/models/evaluations.ts';
import { type ComparedModel, newestOfEachKind } from '#data/models/models.ts';

interface QualityProps {
  model: { id: string; kind: string };
  siblings: ComparedModel[];
  evaluations: StoredEvaluation[];
  /** What the model was trained without; undefined where it saw everything. */
  split: string | undefined;
}

/** A model beside the newest of each other kind, on every split that it was measured on. */
export function Quality({ model, siblings, evaluations, split }: QualityProps) {
  if (evaluations.length === 0) {
    return (
      <Notice title="This model has not been measured.">
        {split === undefined
          ? 'It was trained on everything, so nothing is left to measure it on. Train one that holds something out.'
          : `Measure it on what was held out from its training: ${splitMeaning(split)}.`}
      </Notice>
    );
  }
  const rivals = newestOfEachKind(siblings).filter(({ kind }) => kind !== model.kind);
  const shown = siblings.filter((sibling) => sibling.id === model.id || rivals.includes(sibling));
  return (
    <Section title="Beside the other models of this dataset" flush>
      <div className="space-y-4">
        {evaluations.map((evaluation) => (
          <MetricsTable key={evaluation.split} split={evaluation.split} models={shown} />
        ))}
      </div>
      <MetricsFootnote />
    </Section>
  );
}

/** How a model does by category and by how often an item was bought. */
export function Groups({ evaluation, kind }: { evaluation: StoredEvaluation; kind: string }) {
  const { split, byCategory, byPopularity } = evaluation;
  return (
    <div className="grid items-start gap-6 2xl:grid-cols-2">
      {byCategory.length > 0 && (
        <Section
          title="By category"
          note={`${split}: shoppers with a held-out purchase in the category, and how much of it was found.`}
          flush
        >
          <GroupMetrics
            heading="Category"
            kind={kind}
            groups={byCategory.map(({ category, ...group }) => ({ name: category, ...group }))}
          />
        </Section>
      )}
      {byPopularity.length > 0 && (
        <Section
          title="By popularity"
          note={`${split}: by how often the item was bought in training. The lower half is where retrieval is hard.`}
          flush
        >
          <GroupMetrics
            heading="Items"
            kind={kind}
            groups={byPopularity.map(({ band, ...group }) => ({ name: band, ...group }))}
          />
        </Section>
      )}
    </div>
  );
}

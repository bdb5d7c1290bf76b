import type { Metadata } from 'next/types';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { indexDeltas, indexedModels } from '#data/models/indexes.ts';
import { unfinishedJobs } from '#data/overview/jobs.ts';
import { ModelIndexes } from './model-indexes.tsx';

export const metadata: Metadata = { title: 'Indexes' };

export default async function IndexesPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const [models, jobs, deltas] = await Promise.all([indexedModels(dataset.id), unfinishedJobs('index'), indexDeltas()]);
  return (
    <>
      <PageHeader
        title="Indexes"
        summary="What retrieval searches: each model’s item vectors in FAISS. Recall is measured against an exact scan with the model’s own shoppers, latency on this machine with one thread. A build runs in a process of its own and replaces what serves only when it is done; earlier versions are kept to go back to."
      />
      <datalist id="factories">
        {['Flat', 'IVF64,Flat', 'IVF256,Flat', 'IVF1024,Flat', 'IVF1024,SQfp16', 'IVF1024,SQ8'].map((factory) => (
          <option key={factory} value={factory} />
        ))}
      </datalist>
      <div className="space-y-6">
        {models.length === 0 && (
          <Notice title="No model has vectors to index yet.">
            <DatasetLink href="/models/train" className="link">
              Train a model
            </DatasetLink>
            .
          </Notice>
        )}
        {models.map((model) => (
          <ModelIndexes key={model.id} model={model} job={jobs.get(model.id)} deltas={deltas} />
        ))}
      </div>
    </>
  );
}

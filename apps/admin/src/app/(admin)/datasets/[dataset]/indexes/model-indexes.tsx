import { RecallLatency } from '#components/charts/recall-latency.tsx';
import { type Column, DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Section } from '#components/layout/section.tsx';
import { ModelName } from '#components/models/model-name.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { Badge } from '#components/states/badge.tsx';
import { JobState } from '#components/states/job-state.tsx';
import { type IndexCandidate, readIndexCandidates, readIndexCurve } from '#data/models/evaluations.ts';
import type { IndexDelta, IndexedModel } from '#data/models/indexes.ts';
import type { ModelJob } from '#data/overview/jobs.ts';
import { formatBytes, formatCount, formatDuration, formatMetric, formatMicros, formatTime } from '#format.ts';
import { RebuildForm } from './rebuild.tsx';
import { RestoreForm } from './restore.tsx';

interface ModelIndexesProps {
  model: IndexedModel;
  job: ModelJob | undefined;
  /** What retrieval keeps beside each index that it serves, by the index's id. */
  deltas: ReadonlyMap<string, IndexDelta>;
}

/** One model's index versions, with what was measured for the one that serves. */
export function ModelIndexes({ model, job, deltas }: ModelIndexesProps) {
  const active = model.indexes.find((index) => index.active);
  return (
    <Section
      title={
        <DatasetLink href={`/models/${model.id}`} className="flex flex-wrap items-center gap-3 hover:underline">
          <ModelName {...model} />
        </DatasetLink>
      }
      note={servedIn(model)}
      actions={
        <Allowed to="analyse">
          <RebuildForm modelId={model.id} first={model.indexes.length === 0} />
        </Allowed>
      }
      flush
    >
      {job && (
        <div className="px-5 pb-3">
          <JobState job={job} doing="build" />
        </div>
      )}
      <DataTable
        caption="Index versions"
        rows={model.indexes}
        rowKey={({ id }) => id}
        rowClassName={({ active }) => (active ? '' : 'text-muted')}
        columns={versionColumns}
        empty="No index: this model cannot answer until one is built."
      />
      {active && (
        <>
          <CatalogueChanges {...deltas.get(active.id)} />
          <Choice index={active} />
        </>
      )}
    </Section>
  );
}

/** Which running experiments shoppers get this model in. */
function servedIn({ createdAt, arms }: IndexedModel): string {
  const names = [...new Set(arms.map(({ experiment }) => experiment.name))];
  return `Trained ${formatTime(createdAt)}; ${names.length > 0 ? `served in ${names.join(', ')}` : 'in no running experiment'}.`;
}

type IndexVersion = IndexedModel['indexes'][number];

const measured = {
  nprobe: { title: 'nprobe', hint: 'Lists of the IVF index that a search looks into', numeric: true },
  recall: { title: 'Recall@100', hint: 'Share of the exact 100 nearest items that the index finds', numeric: true },
  p50: { title: 'p50', hint: 'Half of the searches are faster', numeric: true },
  p99: { title: 'p99', hint: '99 of 100 searches are faster', numeric: true },
  bytes: { title: 'B/vector', hint: 'Bytes of memory a vector', numeric: true },
  build: { title: 'Build', hint: 'How long it took to build', numeric: true },
};

const versionColumns: Column<IndexVersion>[] = [
  { title: 'Version', numeric: true, cell: ({ version }) => version },
  {
    title: 'Factory and engine',
    rowHeader: true,
    className: 'font-mono text-sm',
    cell: ({ factory, engine }) => (
      <>
        {factory}
        <span className="block text-xs font-normal text-muted">{engine}</span>
      </>
    ),
  },
  { title: 'Vectors', numeric: true, cell: ({ size, dimensions }) => `${formatCount(size)} × ${dimensions}` },
  { title: 'Size', numeric: true, cell: ({ bytes }) => formatBytes(bytes) },
  { ...measured.bytes, cell: ({ bytesPerVector }) => Math.round(bytesPerVector) },
  { ...measured.nprobe, cell: ({ nprobe }) => nprobe ?? '–' },
  { ...measured.recall, cell: ({ recallAt100 }) => formatMetric(recallAt100) },
  { ...measured.p50, cell: ({ p50Us }) => formatMicros(p50Us) },
  { ...measured.p99, cell: ({ p99Us }) => formatMicros(p99Us) },
  { ...measured.build, cell: ({ buildMs }) => formatDuration(buildMs) },
  { title: 'Built', className: 'whitespace-nowrap', cell: ({ createdAt }) => formatTime(createdAt) },
  {
    title: 'State',
    cell: ({ id, version, active, _count }) => (
      <div className="flex flex-wrap items-center gap-2">
        {active && <Badge tone="good">active</Badge>}
        {_count.arms > 0 && <Badge tone="quiet">pinned by an experiment</Badge>}
        {!active && (
          <Allowed to="analyse">
            <RestoreForm indexId={id} version={version} />
          </Allowed>
        )}
      </div>
    ),
  },
];

const itemsInWords = (n: number, adjective = '') => `${formatCount(n)}${adjective} ${n === 1 ? 'item' : 'items'}`;

/** A changed item is counted twice: its old vector is hidden and its new one kept beside the index. */
function changedInWords(fresh: number, outdated: number): string {
  const removed = Math.max(0, outdated - fresh);
  const parts = [
    fresh > 0 && `${itemsInWords(fresh, ' new or changed')}, served already`,
    removed > 0 && `${itemsInWords(removed)} gone, hidden already`,
  ].filter(Boolean);
  return parts.length === 0 ? '' : `Since it was built: ${parts.join('; ')}. Rebuild when convenient.`;
}

/** What retrieval keeps beside the index that serves, since the catalogue was edited after it was built. */
function CatalogueChanges({ fresh = 0, outdated = 0, waiting = 0 }: Partial<IndexDelta>) {
  if (fresh + outdated + waiting === 0) return null;
  return (
    <p className="border-t border-line px-5 py-3 text-sm text-muted">
      {changedInWords(fresh, outdated)}
      {waiting > 0 &&
        ` ${itemsInWords(waiting)} wait for a training: this model knows items by their ids alone, so it cannot find new ones.`}
    </p>
  );
}

const candidateColumns: Column<IndexCandidate>[] = [
  { title: 'Measured', rowHeader: true, className: 'font-mono text-sm', cell: ({ factory }) => factory },
  { ...measured.nprobe, cell: ({ nprobe }) => nprobe ?? '–' },
  { ...measured.recall, cell: ({ recallAt100 }) => formatMetric(recallAt100) },
  { ...measured.p50, cell: ({ p50Us }) => formatMicros(p50Us) },
  { ...measured.p99, cell: ({ p99Us }) => formatMicros(p99Us) },
  { ...measured.bytes, cell: ({ bytesPerVector }) => Math.round(bytesPerVector) },
  { ...measured.build, cell: ({ buildMs }) => formatDuration(buildMs) },
];

/** Why this factory and this nprobe: what was measured before they were chosen. */
function Choice({ index }: { index: IndexVersion }) {
  const candidates = readIndexCandidates(index.candidates);
  const points = readIndexCurve(index.curve).flatMap(({ nprobe, recall, p50Us }) =>
    nprobe === null ? [] : [{ nprobe, 'Recall@100': recall, 'p50 (µs)': p50Us }],
  );
  return (
    <>
      {index.reason !== '' && (
        <div className="border-t border-line py-4">
          <h3 className="px-5 font-medium">Why {index.factory}</h3>
          <p className="px-5 text-sm text-muted">{index.reason}</p>
          {candidates.length > 1 && (
            <DataTable
              caption="What was measured before one was chosen"
              className="mt-3"
              rows={candidates}
              rowKey={({ factory }) => factory}
              rowClassName={({ factory }) => (factory === index.factory ? '' : 'text-muted')}
              columns={candidateColumns}
            />
          )}
        </div>
      )}
      {points.length > 1 && (
        <div className="border-t border-line px-5 py-4">
          <h3 className="font-medium">Recall against latency</h3>
          <p className="mb-3 text-sm text-muted">
            Looking into more lists finds more and takes longer. nprobe {index.nprobe} was chosen: the fewest lists,
            found by doubling and halving, that reach the recall asked for.
          </p>
          <RecallLatency points={points} />
        </div>
      )}
    </>
  );
}

import Link from 'next/link';
import type { Metadata } from 'next/types';
import { Badge } from '#components/badge.tsx';
import { RecallLatency } from '#components/charts/recall-latency.tsx';
import { JobState } from '#components/job-state.tsx';
import { ModelName } from '#components/model-name.tsx';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Section } from '#components/section.tsx';
import { readIndexCandidates, readIndexCurve } from '#data/evaluations.ts';
import { type BesideIndex, besideIndexes, indexedModels } from '#data/indexes.ts';
import { unfinishedJobs } from '#data/jobs.ts';
import { formatBytes, formatCount, formatDuration, formatMetric, formatMicros, formatTime } from '#format.ts';
import { RebuildForm } from './rebuild.tsx';
import { RestoreForm } from './restore.tsx';

export const metadata: Metadata = { title: 'Indexes' };

export default async function IndexesPage() {
  const [models, jobs, beside] = await Promise.all([indexedModels(), unfinishedJobs('index'), besideIndexes()]);
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
            <Link href="/models/train" className="link">
              Train a model
            </Link>
            .
          </Notice>
        )}
        {models.map((model) => {
          const active = model.indexes.find((index) => index.active);
          const points = readIndexCurve(active?.curve).flatMap(({ nprobe, recall, p50Us }) =>
            nprobe === null ? [] : [{ nprobe, 'Recall@100': recall, 'p50 (µs)': p50Us }],
          );
          const candidates = readIndexCandidates(active?.candidates);
          const job = jobs.get(model.id);
          return (
            <Section
              key={model.id}
              title={
                <Link href={`/models/${model.id}`} className="flex flex-wrap items-center gap-3 hover:underline">
                  <ModelName {...model} />
                </Link>
              }
              actions={<RebuildForm modelId={model.id} first={model.indexes.length === 0} />}
              flush
            >
              {job && (
                <div className="px-5 pb-3">
                  <JobState job={job} doing="build" />
                </div>
              )}
              {model.indexes.length === 0 ? (
                <p className="px-5 pb-5 text-muted">No index: this model cannot answer until one is built.</p>
              ) : (
                <table className="data">
                  <thead>
                    <tr>
                      <th scope="col" className="num">
                        Version
                      </th>
                      <th scope="col">Factory and engine</th>
                      <th scope="col" className="num">
                        Vectors
                      </th>
                      <th scope="col" className="num">
                        Size
                      </th>
                      <th scope="col" className="num">
                        <abbr title="Bytes of memory a vector">B/vector</abbr>
                      </th>
                      <th scope="col" className="num">
                        <abbr title="Lists of the IVF index that a search looks into">nprobe</abbr>
                      </th>
                      <th scope="col" className="num">
                        <abbr title="Share of the exact 100 nearest items that the index finds">Recall@100</abbr>
                      </th>
                      <th scope="col" className="num">
                        <abbr title="Half of the searches are faster">p50</abbr>
                      </th>
                      <th scope="col" className="num">
                        <abbr title="99 of 100 searches are faster">p99</abbr>
                      </th>
                      <th scope="col" className="num">
                        Build
                      </th>
                      <th scope="col">Built</th>
                      <th scope="col">State</th>
                    </tr>
                  </thead>
                  <tbody>
                    {model.indexes.map((index) => (
                      <tr key={index.id} className={index.active ? '' : 'text-muted'}>
                        <td className="num">{index.version}</td>
                        <th scope="row" className="font-mono text-sm">
                          {index.factory}
                          <span className="block text-xs font-normal text-muted">{index.engine}</span>
                        </th>
                        <td className="num">
                          {formatCount(index.size)} × {index.dimensions}
                        </td>
                        <td className="num">{formatBytes(index.bytes)}</td>
                        <td className="num">{Math.round(index.bytesPerVector)}</td>
                        <td className="num">{index.nprobe ?? '–'}</td>
                        <td className="num">{formatMetric(index.recallAt100)}</td>
                        <td className="num">{formatMicros(index.p50Us)}</td>
                        <td className="num">{formatMicros(index.p99Us)}</td>
                        <td className="num">{formatDuration(index.buildMs)}</td>
                        <td className="whitespace-nowrap">{formatTime(index.createdAt)}</td>
                        <td>
                          {index.active && <Badge tone="good">active</Badge>}
                          {index._count.arms > 0 && <Badge tone="quiet">pinned by an experiment</Badge>}
                          {!index.active && <RestoreForm indexId={index.id} version={index.version} />}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
              {beside.has(active?.id ?? '') && <Beside {...beside.get(active!.id)!} />}
              {active && active.reason !== '' && (
                <div className="border-t border-line px-5 py-4">
                  <h3 className="font-medium">Why {active.factory}</h3>
                  <p className="text-sm text-muted">{active.reason}</p>
                  {candidates.length > 1 && <Candidates measured={candidates} chosen={active.factory} />}
                </div>
              )}
              {points.length > 1 && (
                <div className="border-t border-line px-5 py-4">
                  <h3 className="font-medium">Recall against latency</h3>
                  <p className="mb-3 text-sm text-muted">
                    Looking into more lists finds more and takes longer. nprobe {active?.nprobe} was chosen: the fewest
                    lists, found by doubling and halving, that reach the recall asked for.
                  </p>
                  <RecallLatency points={points} />
                </div>
              )}
            </Section>
          );
        })}
      </div>
    </>
  );
}

/** What retrieval keeps beside the index that serves, since the catalogue was edited after it was built. */
function Beside({ fresh, outdated, waiting }: BesideIndex) {
  if (fresh + outdated + waiting === 0) return null;
  return (
    <p className="border-t border-line px-5 py-3 text-sm text-muted">
      Since it was built: {formatCount(fresh)} new or changed items beside it, {formatCount(outdated)} of its own not
      found any more. A rebuild folds both in.
      {waiting > 0 &&
        ` ${formatCount(waiting)} new items wait for a training: this model knows items by their ids alone.`}
    </p>
  );
}

/** What was measured before one was chosen. */
function Candidates({ measured, chosen }: { measured: ReturnType<typeof readIndexCandidates>; chosen: string }) {
  return (
    <table className="data mt-3">
      <thead>
        <tr>
          <th scope="col">Measured</th>
          <th scope="col" className="num">
            nprobe
          </th>
          <th scope="col" className="num">
            Recall@100
          </th>
          <th scope="col" className="num">
            p50
          </th>
          <th scope="col" className="num">
            p99
          </th>
          <th scope="col" className="num">
            B/vector
          </th>
          <th scope="col" className="num">
            Build
          </th>
        </tr>
      </thead>
      <tbody>
        {measured.map((candidate) => (
          <tr key={candidate.factory} className={candidate.factory === chosen ? '' : 'text-muted'}>
            <th scope="row" className="font-mono text-sm">
              {candidate.factory}
            </th>
            <td className="num">{candidate.nprobe ?? '–'}</td>
            <td className="num">{formatMetric(candidate.recallAt100)}</td>
            <td className="num">{formatMicros(candidate.p50Us)}</td>
            <td className="num">{formatMicros(candidate.p99Us)}</td>
            <td className="num">{Math.round(candidate.bytesPerVector)}</td>
            <td className="num">{formatDuration(candidate.buildMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

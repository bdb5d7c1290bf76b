import { type ImportOrder, importOrder, inspectUploads } from '@duet/datasets';
import Link from 'next/link';
import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { z } from 'zod';
import { Confirm } from '#components/forms/confirm.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Refresh } from '#components/layout/refresh.tsx';
import { Allowed, EditableBy } from '#components/people/allowed.tsx';
import { findDataset } from '#data/datasets/datasets.ts';
import { readImportSummary } from '#data/datasets/import-summary.ts';
import { type FoundRun, findImport, importContext } from '#data/datasets/imports.ts';
import { datasetPath } from '#dataset-path.ts';
import { formatBytes, formatCount } from '#format.ts';
import { routeId } from '#route-id.ts';
import { Passage } from '../../datasets/[dataset]/data/import/passage.tsx';
import { Warnings } from '../../datasets/[dataset]/data/import/warnings.tsx';
import { discard } from '../actions.ts';
import { headOf } from '../wizard/head.ts';
import { Wizard } from '../wizard/wizard.tsx';

export const metadata: Metadata = { title: 'Import' };

export default async function ImportRunPage({ params }: { params: Promise<{ id: string }> }) {
  const run = (await findImport(await routeId(params))) ?? notFound();
  const order = (importOrder.safeParse(run.request).data ?? { settings: {}, tables: {} }) as ImportOrder;
  if (run.status === 'done') return <Done run={run} />;
  if (run.status === 'queued' || run.status === 'running')
    return <Running run={run} name={run.dataset?.name ?? order.settings.name ?? ''} />;
  const files = await inspectUploads(importContext(), run.id, order.settings);
  return (
    <>
      <PageHeader
        {...headOf(run.dataset)}
        actions={
          <Allowed to="import">
            <Confirm
              label="Discard"
              busy="Discarding …"
              title="Discard this import?"
              action={discard}
              fields={{ id: run.id }}
              quiet
            >
              <p className="text-muted">Its uploaded files are removed.</p>
            </Confirm>
          </Allowed>
        }
      />
      {run.status === 'failed' && (
        <div className="mb-6">
          <Notice tone="problem" title="The import failed: nothing was stored.">
            {run.error}
          </Notice>
        </div>
      )}
      <EditableBy to="import">
        <Wizard run={run.id} {...{ files, order }} {...(run.dataset && { into: run.dataset })} />
      </EditableBy>
    </>
  );
}

const report = z.object({ step: z.string(), done: z.number(), total: z.number(), unit: z.string() });

function Running({ run, name }: { run: FoundRun; name: string }) {
  const reported = report.safeParse(run.progress).data;
  const amount = (n: number) => (reported?.unit === 'bytes' ? formatBytes(n) : `${formatCount(n)} ${reported?.unit}`);
  return (
    <>
      <Refresh everyMs={1000} />
      <PageHeader title={`Importing ${name}`} summary="You can leave this page: the import goes on." />
      <div aria-live="polite" className="rounded-xl border border-line bg-surface px-5 py-6">
        {run.status === 'queued' ? (
          <p>Waiting for the worker …</p>
        ) : reported === undefined ? (
          <p>Begun …</p>
        ) : (
          <>
            <p className="font-medium first-letter:uppercase">{reported.step}</p>
            <progress
              className="mt-2 block w-full"
              aria-label={reported.step}
              {...(reported.total > 0 && { max: reported.total, value: reported.done })}
            />
            <p className="mt-1 text-sm text-muted">
              {amount(reported.done)}
              {reported.total > 0 && ` of ${amount(reported.total)}`}
            </p>
          </>
        )}
      </div>
    </>
  );
}

async function Done({ run }: { run: FoundRun }) {
  const dataset = run.datasetId === null ? null : await findDataset(run.datasetId);
  if (dataset === null) return <Notice title="The dataset of this import has been removed." />;
  const path = datasetPath(dataset.name);
  const summary = readImportSummary(dataset.summary);
  return (
    <>
      <PageHeader
        title={`${dataset.name} is imported`}
        summary={`${formatCount(dataset.interactions)} interactions of ${formatCount(dataset.users)} shoppers and ${formatCount(dataset.items)} products. A model learns from them what else each shopper may like.`}
        actions={
          <>
            <Allowed to="analyse">
              <Link href={`${path}/models/train`} className="button">
                Train a model
              </Link>
            </Allowed>
            <Link href={`${path}/data`} className="button button-quiet">
              Look at the data
            </Link>
          </>
        }
      />
      <div className="space-y-6">
        {summary && <Warnings warnings={summary.warnings} />}
        {summary && <Passage summary={summary} />}
      </div>
    </>
  );
}

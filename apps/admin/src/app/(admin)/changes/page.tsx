import Form from 'next/form';
import type { Metadata } from 'next/types';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Pager } from '#components/layout/pager.tsx';
import { Section } from '#components/layout/section.tsx';
import { ChangesTable } from '#components/people/changes-table.tsx';
import { actors, changesBy } from '#data/people.ts';

export const metadata: Metadata = { title: 'Changes' };

const pageSize = 50;

interface ChangesProps {
  searchParams: Promise<{ who?: string | string[]; page?: string | string[] }>;
}

export default async function ChangesPage({ searchParams }: ChangesProps) {
  const { who, page: asked } = await searchParams;
  const everybody = await actors();
  const actor = everybody.find((one) => one.actor === who)?.actor;
  const page = Math.max(1, Math.floor(Number(asked)) || 1);
  const changes = await changesBy(actor === undefined ? {} : { actor }, (page - 1) * pageSize, pageSize);
  const total = everybody
    .filter((one) => actor === undefined || one.actor === actor)
    .reduce((n, one) => n + one.changes, 0);
  return (
    <>
      <PageHeader title="Changes" summary="Who changed what, in the admin and by the command line." />
      <Section
        title="Log of changes"
        actions={
          <Form action="/changes" className="flex gap-2">
            <label htmlFor="who" className="sr-only">
              Who
            </label>
            <select id="who" name="who" className="input w-60" defaultValue={actor ?? ''} key={actor}>
              <option value="">Everybody</option>
              {everybody.map((one) => (
                <option key={one.actor}>{one.actor}</option>
              ))}
            </select>
            <button type="submit" className="button button-quiet">
              Show
            </button>
          </Form>
        }
        flush
      >
        <ChangesTable changes={changes} />
        <Pager
          page={page}
          pageSize={pageSize}
          total={total}
          href={(to) => `/changes?${new URLSearchParams({ ...(actor && { who: actor }), page: String(to) })}`}
        />
      </Section>
    </>
  );
}

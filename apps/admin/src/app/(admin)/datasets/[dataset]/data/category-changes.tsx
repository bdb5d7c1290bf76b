import { categoryChanges } from '@duet/datasets';
import { Confirm } from '#components/forms/confirm.tsx';
import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { database } from '#data/services.ts';
import { formatTime } from '#format.ts';
import { undo } from './category-actions.ts';

/** What was done to a dataset's categories, to be taken back. */
export async function CategoryChanges({ datasetId }: { datasetId: string }) {
  const changes = await categoryChanges(await database(), datasetId);
  if (changes.length === 0) return null;
  return (
    <Section title="Changes of categories" flush>
      <DataTable
        caption="Changes of categories"
        rows={changes}
        rowKey={({ id }) => id}
        rowClassName={({ undone }) => (undone ? 'text-muted' : '')}
        columns={[
          { title: 'Change', rowHeader: true, className: 'whitespace-normal', cell: ({ sentence }) => sentence },
          { title: 'By', cell: ({ actor }) => actor },
          { title: 'When', className: 'whitespace-nowrap text-muted', cell: ({ at }) => formatTime(at) },
          {
            title: 'Undo',
            hideTitle: true,
            className: 'text-right',
            cell: ({ id, sentence, undone }) =>
              undone ? (
                'undone'
              ) : (
                <Allowed to="merchandise">
                  <Confirm
                    quiet
                    label="Undo"
                    busy="Undoing …"
                    title={`Undo: ${sentence}`}
                    about={sentence}
                    action={undo}
                    fields={{ datasetId, from: id }}
                  >
                    <p className="text-muted">What was changed again since stays as it is.</p>
                  </Confirm>
                </Allowed>
              ),
          },
        ]}
      />
    </Section>
  );
}

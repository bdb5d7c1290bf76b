import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { Time } from '#components/layout/time.tsx';
import type { RegisteredModelView } from '#data/pipeline/pipeline.ts';

const versionName = (version: number | undefined) =>
  version === undefined ? 'a deleted version' : `version ${version}`;

/** Which version served when, by whose word. */
export function ChampionHistory({ changes }: Pick<RegisteredModelView, 'changes'>) {
  if (changes.length === 0) return null;
  return (
    <Section title="Champions" note="The newest first." flush>
      <DataTable
        caption="Champions"
        rows={changes}
        rowKey={({ id }) => id}
        columns={[
          { title: 'Champion', rowHeader: true, cell: ({ to }) => versionName(to) },
          { title: 'Since', className: 'whitespace-nowrap', cell: ({ at }) => <Time at={at} /> },
          {
            title: 'After',
            className: 'whitespace-nowrap text-muted',
            cell: ({ from, isFirst }) => (isFirst ? 'the first' : versionName(from)),
          },
          { title: 'By', cell: ({ actor }) => actor },
          { title: 'Why', className: 'w-full text-muted', cell: ({ reason }) => reason || '–' },
        ]}
      />
    </Section>
  );
}

import { storefrontOf } from '@duet/datasets';
import { reasonLanguages } from '@duet/serving/languages';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { database } from '#data/services.ts';
import { EventTypeForm, EventTypeRemoval, ListsForm } from './forms.tsx';

export const metadata: Metadata = { title: 'Settings' };

export default async function SettingsPage({ params }: { params: Promise<{ dataset: string }> }) {
  const { id: datasetId } = await datasetOf(params);
  const { language, demoteAfter, eventTypes, showOutOfStock } = await storefrontOf(await database(), datasetId);
  return (
    <div className="space-y-6">
      <Section
        title="Lists"
        note="What holds for every list, whichever model makes it. Services follow within seconds."
      >
        <Allowed to="merchandise" explain>
          <ListsForm {...{ datasetId, language, demoteAfter, showOutOfStock }} languages={reasonLanguages} />
        </Allowed>
      </Section>
      <Section title="Own event types" note="Beside impression, click, cart, order and dislike." flush>
        <DataTable
          caption="Own event types"
          rows={eventTypes}
          rowKey={({ name }) => name}
          empty="None: events of other names are refused."
          columns={[
            { title: 'Name', rowHeader: true, className: 'font-mono text-sm', cell: ({ name }) => name },
            { title: 'Weight', numeric: true, cell: ({ weight }) => weight },
            { title: 'Hides the item', cell: ({ hides }) => (hides ? 'yes' : 'no') },
            {
              title: 'Change',
              hideTitle: true,
              cell: ({ name }) => (
                <Allowed to="analyse">
                  <EventTypeRemoval datasetId={datasetId} name={name} />
                </Allowed>
              ),
            },
          ]}
        />
        <div className="px-5 pt-5 pb-5">
          <Allowed to="analyse" explain>
            <EventTypeForm datasetId={datasetId} />
          </Allowed>
        </div>
      </Section>
    </div>
  );
}

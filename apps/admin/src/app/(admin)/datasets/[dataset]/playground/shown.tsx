import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { Section } from '#components/layout/section.tsx';
import { Stat, Stats } from '#components/layout/stat.tsx';
import { Kind } from '#components/models/kind.tsx';
import { ModelName } from '#components/models/model-name.tsx';
import type { ShownItem, ShownList } from '#data/models/shown-list.ts';
import { formatMoney, formatNumber, formatPercent } from '#format.ts';

/** A shopper's list as the shop shows it; each row says how its item came there. */
export function Shown({ list: { answer, items } }: { list: ShownList }) {
  const { model, index, experiment, arm, known, ranker, currency, why, tookMs } = answer;
  return (
    <>
      <Stats>
        <Stat
          label="Shopper"
          value={<span className="font-mono">{answer.userId}</span>}
          note={known ? 'known to the model' : 'unknown to the model: gets the best sellers'}
        />
        <Stat
          label="In the experiment"
          value={
            experiment === undefined ? (
              'none'
            ) : (
              <DatasetLink href={`/experiments/${experiment.id}`} className="hover:underline">
                {experiment.name}
              </DatasetLink>
            )
          }
          note={arm === undefined ? 'what is deployed answers' : `arm ${arm.name}`}
        />
        <Stat
          label="Model"
          value={model === null ? 'popular items' : <ModelName {...model} />}
          note={index === null ? 'no model answered' : `index version ${index.version}, ${index.factory}`}
        />
        <Stat
          label="Order"
          value={ranker === null ? 'as retrieved' : 'by the ranker'}
          note={`${formatNumber(tookMs, 1)} ms`}
        />
      </Stats>
      {answer.fallbacks.length > 0 && (
        <Notice tone="problem" title="What should have answered did not.">
          {answer.fallbacks.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </Notice>
      )}
      <Section title="The list" note={`${why} A row opens to say how its item came to its place.`} flush>
        <DataTable
          caption="The list"
          rows={items}
          rowKey={({ item }) => item.itemId}
          rowClassName={() => '[&>*]:align-top!'}
          empty="No item."
          columns={[
            { title: 'Place', numeric: true, className: 'text-muted', cell: ({ place }) => place },
            { title: 'Item', className: 'w-full min-w-56', cell: (shown) => <Why shown={shown} /> },
            {
              title: 'Price',
              numeric: true,
              cell: ({ item: { priceMinor } }) => (priceMinor === null ? '–' : formatMoney(priceMinor, currency)),
            },
            {
              title: 'Retrieved',
              hint: 'Its place among what the model found',
              numeric: true,
              cell: ({ item }) => item.retrievalRank ?? '–',
            },
            {
              title: 'Ranked',
              hint: 'Its place after ranking, before the shop’s rules',
              numeric: true,
              cell: ({ rankedPlace }) => rankedPlace ?? '–',
            },
            {
              title: 'Shown',
              hint: 'Its place after the shop’s rules',
              numeric: true,
              className: 'font-medium',
              cell: ({ place, rankedPlace }) => <Moved from={rankedPlace} to={place} />,
            },
          ]}
        />
      </Section>
    </>
  );
}

/** A place, with how far rules moved it up or down. */
function Moved({ from, to }: { from: number | null; to: number }) {
  const by = from === null ? 0 : from - to;
  return (
    <>
      {by !== 0 && (
        <span className={`mr-1.5 text-sm font-normal ${by > 0 ? 'text-good' : 'text-bad'}`}>
          <span aria-hidden="true">{by > 0 ? '▲' : '▼'}</span>
          <span className="sr-only">{by > 0 ? 'up' : 'down'} by </span>
          {Math.abs(by)}
        </span>
      )}
      {to}
    </>
  );
}

function Why({ shown: { item, place, rankedPlace, rules, elsewhere } }: { shown: ShownItem }) {
  return (
    <details>
      <summary>
        <DatasetLink
          href={`/data/catalogue/item?${new URLSearchParams({ item: item.itemId })}`}
          className="font-medium hover:underline"
        >
          {item.title || item.itemId}
        </DatasetLink>{' '}
        <span className="text-sm text-muted">{item.reason.text}</span>
        {rules.length > 0 && (
          <span className="ml-2 rounded bg-mark px-1.5 py-px text-xs font-medium text-busy">rule</span>
        )}
      </summary>
      <dl className="mt-2 grid max-w-3xl grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 pb-2 text-sm">
        <Fact title="Item">
          <span className="font-mono">{item.itemId}</span>, {item.category ?? 'no category'}
          {!item.inStock && <span className="font-medium text-bad">, out of stock</span>}
        </Fact>
        <Fact title="Retrieved">
          {item.retrievalRank === null
            ? 'not at all: a pin brought it in'
            : `at place ${item.retrievalRank}, score ${formatNumber(item.retrievalScore ?? 0, 3)}`}
        </Fact>
        <Fact title="Ranked">
          {rankedPlace === null
            ? '–'
            : item.probability === null
              ? `at place ${rankedPlace}, without a ranker`
              : `at place ${rankedPlace}: ${formatPercent(item.probability, 2)} likely to be bought, by the ranker`}
        </Fact>
        <Fact title="Rules">
          {rules.length === 0 ? (
            `none moved it; shown at place ${place}`
          ) : (
            <DatasetLink href="/rules" className="link">
              {rules.join('; ')}
            </DatasetLink>
          )}
        </Fact>
        {elsewhere.map(({ model, rank, score }) => (
          <Fact key={model.id} title={<Kind kind={model.kind} />}>
            {model.name}:{' '}
            {rank === undefined
              ? 'not among its first hundred'
              : `place ${rank}${score === undefined ? '' : `, score ${formatNumber(score, 3)}`}`}
          </Fact>
        ))}
      </dl>
    </details>
  );
}

const Fact = ({ title, children }: { title: React.ReactNode; children: React.ReactNode }) => (
  <>
    <dt className="text-muted">{title}</dt>
    <dd className="min-w-0 [overflow-wrap:anywhere]">{children}</dd>
  </>
);

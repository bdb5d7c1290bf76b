import type { RetrieveAnswer } from '@duet/client';
import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { ModelName } from '#components/models/model-name.tsx';
import { formatMoney, formatNumber } from '#format.ts';

interface CandidatesProps {
  answer: RetrieveAnswer;
  /** The other model's rank of each of its items. */
  otherRank: Map<string, number>;
  later: Set<string> | undefined;
}

/** One model's candidates in the order it retrieved them. */
export function Candidates({ answer, otherRank, later }: CandidatesProps) {
  const { model, index, items, currency, tookMs, why } = answer;
  return (
    <Section
      title={model === null ? 'The best sellers' : <ModelName {...model} />}
      note={`${why} ${index === null ? 'Answered' : `Index version ${index.version}, ${index.factory} on ${index.engine}, answered`} in ${formatNumber(tookMs, 1)} ms.`}
      flush
    >
      <DataTable
        caption={`Candidates of ${model?.name ?? 'the best sellers'}`}
        rows={items}
        rowKey={({ itemId }) => itemId}
        rowClassName={({ itemId }) => (later?.has(itemId) ? 'bg-mark!' : '')}
        empty="It retrieved nothing."
        columns={[
          { title: '#', numeric: true, className: 'text-muted', cell: ({ retrievalRank }) => retrievalRank },
          {
            title: 'Item',
            className: 'w-full min-w-40',
            cell: (item) => <CandidateItem item={item} isBoughtLater={later?.has(item.itemId) ?? false} />,
          },
          {
            title: 'Price',
            numeric: true,
            cell: ({ priceMinor }) => (priceMinor === null ? '–' : formatMoney(priceMinor, currency)),
          },
          {
            title: 'Score',
            hint: 'Inner product of the shopper’s and the item’s vectors: their cosine, and, where the model has such priors, what EASE gives the item for what the shopper had and what its recent sales add',
            numeric: true,
            cell: ({ retrievalScore }) => (retrievalScore === null ? '–' : formatNumber(retrievalScore, 3)),
          },
          {
            title: 'There',
            hint: 'The other model’s rank of the same item',
            numeric: true,
            cell: ({ itemId }) => <RankThere rank={otherRank.get(itemId)} />,
          },
        ]}
      />
    </Section>
  );
}

interface CandidateItemProps {
  item: RetrieveAnswer['items'][number];
  isBoughtLater: boolean;
}

function CandidateItem({ item: { itemId, title, category, inStock }, isBoughtLater }: CandidateItemProps) {
  return (
    <>
      <span className="line-clamp-2">{title || itemId}</span>
      <span className="flex flex-wrap gap-x-2 text-xs text-muted">
        {category ?? 'no category'}
        {!inStock && <span className="font-medium text-bad">out of stock</span>}
        {isBoughtLater && <span className="font-medium text-good">bought later</span>}
      </span>
    </>
  );
}

function RankThere({ rank }: { rank: number | undefined }) {
  if (rank === undefined) return <span className="text-faint">–</span>;
  return (
    <span className="inline-flex items-center gap-1.5">
      <svg viewBox="0 0 24 24" className="size-3.5" aria-hidden="true">
        <circle cx="8" cy="12" r="7" className="fill-two-tower" />
        <circle cx="16" cy="12" r="7" className="fill-dat" fillOpacity={0.8} />
      </svg>
      {rank}
    </span>
  );
}

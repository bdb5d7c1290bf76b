import type { Dataset } from '@duet/db';
import { DataTable } from '#components/layout/data-table.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { Stat, Stats } from '#components/layout/stat.tsx';
import type { Purchase } from '#data/datasets/interactions.ts';
import {
  type CandidateFilter,
  type Comparison as Compared,
  compare,
  type ServedModel,
} from '#data/models/playground.ts';
import { formatCount, formatDay, formatMoney, formatPercent } from '#format.ts';
import { RetrievalProblem } from '../retrieval-problem.tsx';
import { Candidates } from './candidates.tsx';

interface ComparisonProps {
  dataset: Dataset;
  user: string;
  left: ServedModel;
  right: ServedModel;
  filter: CandidateFilter;
}

/** Both models' lists for one shopper, with what the shopper bought before and after. */
export async function Comparison({ dataset, user, left, right, filter }: ComparisonProps) {
  const { value, problem } = await compare(dataset, user, left, right, filter);
  if (value === undefined) return <RetrievalProblem problem={problem} />;
  const rankIn = (answer: typeof value.left) => new Map(answer.items.map(({ itemId }, place) => [itemId, place + 1]));
  const { later } = value;
  return (
    <>
      {!value.left.known && (
        <Notice title={`No model has seen shopper “${user}”.`}>A newcomer gets the best sellers.</Notice>
      )}
      <Agreement user={user} comparison={value} />
      <PurchaseHistory history={value.history} currency={dataset.currency} />
      <div className="grid items-start gap-6 xl:grid-cols-2">
        <Candidates answer={value.left} otherRank={rankIn(value.right)} later={later} />
        <Candidates answer={value.right} otherRank={rankIn(value.left)} later={later} />
      </div>
    </>
  );
}

/** How far the two lists agree, and what of the shopper's later purchases each has. */
function Agreement({
  user,
  comparison: { left, right, common, later, split },
}: {
  user: string;
  comparison: Compared;
}) {
  const found = ({ items }: Compared['left']) => items.filter(({ itemId }) => later?.has(itemId)).length;
  const most = Math.min(left.items.length, right.items.length);
  return (
    <Stats>
      <Stat
        label="Shopper"
        value={<span className="font-mono">{user}</span>}
        note={left.known ? 'known to the models' : 'unknown to the models'}
      />
      <Stat
        label="In both lists"
        value={`${common} of ${most}`}
        note={most > 0 && `${formatPercent(common / most, 0)} overlap`}
      />
      {later ? (
        [left, right].map((answer, side) => (
          <Stat
            key={side === 0 ? 'left' : 'right'}
            label={`Found by ${answer.model?.name ?? 'the best sellers'}`}
            value={`${found(answer)} of ${later.size}`}
            note="of what the shopper bought later"
          />
        ))
      ) : (
        <Stat
          label="Bought later"
          value="–"
          note={
            split === undefined
              ? 'The two models do not hold out the same purchases.'
              : 'This shopper has no new purchases in the held-out part.'
          }
        />
      )}
    </Stats>
  );
}

function PurchaseHistory({ history, currency }: { history: Purchase[]; currency: string }) {
  return (
    <details className="overflow-hidden rounded-xl border border-line bg-surface">
      <summary className="px-5 py-3 font-semibold">
        What the shopper bought{' '}
        <span className="text-sm font-normal text-muted">
          {history.length === 0
            ? 'nothing in this dataset'
            : `the last ${formatCount(history.length)} rows, the held-out part included`}
        </span>
      </summary>
      <div className="max-h-96 overflow-auto border-t border-line">
        <DataTable
          caption="What the shopper bought"
          rows={history}
          rowKey={(_, place) => place}
          columns={[
            {
              title: 'When',
              className: 'whitespace-nowrap text-muted',
              cell: ({ at }) => (at === undefined ? '–' : formatDay(at)),
            },
            { title: 'Item', cell: ({ title, itemId }) => title || itemId },
            { title: 'Category', className: 'text-muted', cell: ({ category }) => category ?? 'none' },
            {
              title: 'Price',
              numeric: true,
              cell: ({ priceMinor }) => (priceMinor === null ? '–' : formatMoney(priceMinor, currency)),
            },
          ]}
        />
      </div>
    </details>
  );
}

import type { RetrieveAnswer } from '@duet/api/client';
import { ModelName } from '#components/model-name.tsx';
import { Section } from '#components/section.tsx';
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
      title={<ModelName {...model} />}
      note={`${why} Index version ${index.version}, ${index.factory} on ${index.engine}, answered in ${formatNumber(tookMs, 1)} ms.`}
      flush
    >
      <table className="data">
        <thead>
          <tr>
            <th scope="col" className="num">
              #
            </th>
            <th scope="col">Item</th>
            <th scope="col" className="num">
              Price
            </th>
            <th scope="col" className="num">
              <abbr title="Inner product of the shopper’s and the item’s vectors: their cosine, and, where the model has such priors, what EASE gives the item for what the shopper had and what its recent sales add">
                Score
              </abbr>
            </th>
            <th scope="col" className="num">
              <abbr title="The other model’s rank of the same item">There</abbr>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ itemId, title, category, priceMinor, inStock, retrievalScore, retrievalRank }) => {
            const there = otherRank.get(itemId);
            const bought = later?.has(itemId) ?? false;
            return (
              <tr key={itemId} className={bought ? 'bg-mark' : ''}>
                <td className="num text-muted">{retrievalRank}</td>
                <td className="w-full">
                  <span className="line-clamp-2">{title || itemId}</span>
                  <span className="flex flex-wrap gap-x-2 text-xs text-muted">
                    {category ?? 'no category'}
                    {!inStock && <span className="font-medium text-bad">out of stock</span>}
                    {bought && <span className="font-medium text-good">bought later</span>}
                  </span>
                </td>
                <td className="num">{priceMinor === null ? '–' : formatMoney(priceMinor, currency)}</td>
                <td className="num">{retrievalScore === null ? '–' : formatNumber(retrievalScore, 3)}</td>
                <td className="num">
                  {there === undefined ? (
                    <span className="text-faint">–</span>
                  ) : (
                    <span className="inline-flex items-center gap-1.5">
                      <svg viewBox="0 0 24 24" className="size-3.5" aria-hidden="true">
                        <circle cx="8" cy="12" r="7" className="fill-two-tower" />
                        <circle cx="16" cy="12" r="7" className="fill-dat" fillOpacity={0.8} />
                      </svg>
                      {there}
                    </span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Section>
  );
}

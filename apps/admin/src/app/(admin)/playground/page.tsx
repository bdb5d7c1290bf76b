import Form from 'next/form';
import Link from 'next/link';
import type { Metadata } from 'next/types';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Section } from '#components/section.tsx';
import { Stat, Stats } from '#components/stat.tsx';
import { type AskedFilter, compare, type History, type ServedModel, servedModels, shoppers } from '#data/playground.ts';
import { formatCount, formatDay, formatMoney, formatPercent, formatTime } from '#format.ts';
import { type PageQuery, textQuery } from '#page-query.ts';
import { Candidates } from './candidates.tsx';

export const metadata: Metadata = { title: 'Playground' };

const summary = 'What two models retrieve for the same shopper: 100 candidates each, before any ranking.';

export default async function PlaygroundPage({ searchParams }: { searchParams: PageQuery }) {
  const [models, user, search, leftId, rightId] = await Promise.all([
    servedModels(),
    textQuery(searchParams, 'user'),
    textQuery(searchParams, 'q'),
    textQuery(searchParams, 'left'),
    textQuery(searchParams, 'right'),
  ]);
  const [category, priceUpTo, inStock, tag] = await Promise.all([
    textQuery(searchParams, 'category'),
    textQuery(searchParams, 'price'),
    textQuery(searchParams, 'stock'),
    textQuery(searchParams, 'tag'),
  ]);
  const asked: AskedFilter = { category, priceUpTo, inStock: inStock !== '', tag };
  const newest = (kind: string) => models.find((model) => model.kind === kind);
  const left = models.find(({ id }) => id === leftId) ?? newest('two-tower') ?? models[0];
  const right =
    models.find(({ id }) => id === rightId) ?? newest('dat') ?? models.find(({ id }) => id !== left?.id) ?? models[0];
  if (left === undefined || right === undefined) {
    return (
      <>
        <PageHeader title="Playground" summary={summary} />
        <Notice title="No model can answer yet.">
          A model answers once it has an index.{' '}
          <Link href="/models/train" className="link">
            Train one
          </Link>
          , or{' '}
          <Link href="/indexes" className="link">
            build an index
          </Link>
          .
        </Notice>
      </>
    );
  }
  const address = (to: Record<string, string>) =>
    `/playground?${new URLSearchParams({ ...(leftId && { left: leftId }), ...(rightId && { right: rightId }), ...to })}`;
  return (
    <>
      <PageHeader title="Playground" summary={summary} />
      <div className="space-y-6">
        <Form
          action="/playground"
          className="grid items-end gap-4 sm:grid-cols-2 xl:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)_auto]"
        >
          <div>
            <label htmlFor="user" className="mb-1 block text-sm font-medium">
              Shopper
            </label>
            <input
              key={user}
              id="user"
              name="user"
              defaultValue={user}
              placeholder="A shopper’s id or a query; empty lists some"
              autoComplete="off"
              className="input"
            />
          </div>
          <ModelChoice name="left" label="Left" models={models} chosen={left.id} />
          <ModelChoice name="right" label="Right" models={models} chosen={right.id} />
          <button type="submit" className="button">
            Compare
          </button>
          <FilterFields key={JSON.stringify(asked)} asked={asked} />
        </Form>
        {user === '' ? (
          <Shoppers search={search} address={address} />
        ) : (
          <Comparison user={user} left={left} right={right} asked={asked} />
        )}
      </div>
    </>
  );
}

/** Which items may be answered with. */
function FilterFields({ asked }: { asked: AskedFilter }) {
  return (
    <fieldset className="grid items-end gap-4 sm:col-span-2 sm:grid-cols-4 xl:col-span-4">
      <legend className="sr-only">Filter</legend>
      <div>
        <label htmlFor="category" className="mb-1 block text-sm font-medium">
          Only the category
        </label>
        <input id="category" name="category" defaultValue={asked.category} className="input" autoComplete="off" />
      </div>
      <div>
        <label htmlFor="price" className="mb-1 block text-sm font-medium">
          Price up to
        </label>
        <input
          id="price"
          name="price"
          inputMode="decimal"
          defaultValue={asked.priceUpTo}
          className="input"
          autoComplete="off"
        />
      </div>
      <div>
        <label htmlFor="tag" className="mb-1 block text-sm font-medium">
          With the tag
        </label>
        <input id="tag" name="tag" defaultValue={asked.tag} className="input" autoComplete="off" />
      </div>
      <label className="flex items-center gap-2 pb-2 text-sm font-medium">
        <input type="checkbox" name="stock" value="yes" defaultChecked={asked.inStock} />
        Only what is in stock
      </label>
    </fieldset>
  );
}

interface ModelChoiceProps {
  name: string;
  label: string;
  models: ServedModel[];
  chosen: string;
}

function ModelChoice({ name, label, models, chosen }: ModelChoiceProps) {
  return (
    <div>
      <label htmlFor={name} className="mb-1 block text-sm font-medium">
        {label}
      </label>
      <select key={chosen} id={name} name={name} defaultValue={chosen} className="input">
        {models.map((model) => (
          <option key={model.id} value={model.id}>
            {model.name} · {model.dataset.name}
            {models.some(({ id, name }) => name === model.name && id !== model.id) &&
              ` · ${formatTime(model.createdAt)}`}
          </option>
        ))}
      </select>
    </div>
  );
}

interface ShoppersProps {
  search: string;
  address: (to: Record<string, string>) => string;
}

async function Shoppers({ search, address }: ShoppersProps) {
  const { value, problem } = await shoppers(search);
  if (value === undefined) return <RetrievalProblem problem={problem} />;
  return (
    <Section
      title="Choose a shopper"
      note="Real customers of the dataset that is served."
      actions={
        <Form action="/playground" role="search" className="flex gap-2">
          <label htmlFor="q" className="sr-only">
            Search shoppers
          </label>
          <input
            key={search}
            id="q"
            name="q"
            type="search"
            defaultValue={search}
            placeholder="Part of an id"
            autoComplete="off"
            className="input w-44"
          />
          <button type="submit" className="button button-quiet">
            Search
          </button>
        </Form>
      }
    >
      {value.length === 0 ? (
        <Notice title={search === '' ? 'There are no shoppers.' : `No shopper’s id holds “${search}”.`} />
      ) : (
        <ul className="grid gap-2 sm:grid-cols-2 lg:grid-cols-3 xl:grid-cols-4">
          {value.map(({ userId, title, interactions, orders, attributes }) => (
            <li key={userId}>
              <Link
                href={address({ user: userId })}
                className="block h-full rounded-lg border border-line px-4 py-2.5 hover:border-strong hover:bg-raised"
              >
                <span className="font-mono font-medium">{userId}</span> {title}
                <span className="block text-sm text-muted">
                  {formatCount(interactions)} items in {formatCount(orders)} {orders === 1 ? 'order' : 'orders'}
                  {Object.values(attributes)
                    .filter((value) => value !== '')
                    .slice(0, 2)
                    .map((value) => ` · ${value}`)}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

const RetrievalProblem = ({ problem }: { problem: string | undefined }) => (
  <Notice tone="problem" title="The retrieval service gave no answer.">
    {problem}
  </Notice>
);

interface ComparisonProps {
  user: string;
  left: ServedModel;
  right: ServedModel;
  asked: AskedFilter;
}

async function Comparison({ user, left, right, asked }: ComparisonProps) {
  const { value, problem } = await compare(user, left, right, asked);
  if (value === undefined) return <RetrievalProblem problem={problem} />;
  const rankIn = (answer: typeof value.left) => new Map(answer.items.map(({ itemId }, place) => [itemId, place + 1]));
  const { later } = value;
  const found = (answer: typeof value.left) => answer.items.filter(({ itemId }) => later?.has(itemId)).length;
  const most = Math.min(value.left.items.length, value.right.items.length);
  const currency = value.left.currency;
  return (
    <>
      {!value.left.known && (
        <Notice title={`No model has seen shopper “${user}”.`}>A newcomer gets the best sellers.</Notice>
      )}
      <Stats>
        <Stat
          label="Shopper"
          value={<span className="font-mono">{user}</span>}
          note={value.left.known ? 'known to the models' : 'unknown to the models'}
        />
        <Stat
          label="In both lists"
          value={`${value.common} of ${most}`}
          note={most > 0 && `${formatPercent(value.common / most, 0)} overlap`}
        />
        {later ? (
          [value.left, value.right].map((answer) => (
            <Stat
              key={answer.model.id}
              label={`Found by ${answer.model.name}`}
              value={`${found(answer)} of ${later.size}`}
              note="of what the shopper bought later"
            />
          ))
        ) : (
          <Stat
            label="Bought later"
            value="–"
            note={
              value.split === undefined
                ? 'The two models do not hold out the same purchases.'
                : 'This shopper has no new purchases in the held-out part.'
            }
          />
        )}
      </Stats>
      <PurchaseHistory history={value.history} currency={currency} />
      <div className="grid items-start gap-6 xl:grid-cols-2">
        <Candidates answer={value.left} otherRank={rankIn(value.right)} later={later} />
        <Candidates answer={value.right} otherRank={rankIn(value.left)} later={later} />
      </div>
    </>
  );
}

function PurchaseHistory({ history, currency }: { history: History; currency: string }) {
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
        <table className="data">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Item</th>
              <th scope="col">Category</th>
              <th scope="col" className="num">
                Price
              </th>
            </tr>
          </thead>
          <tbody>
            {history.map(({ itemId, title, category, priceMinor, at }, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: an item may be bought twice at once, and the list never changes
              <tr key={i}>
                <td className="whitespace-nowrap text-muted">{at === null ? '–' : formatDay(new Date(at))}</td>
                <td>{title || itemId}</td>
                <td className="text-muted">{category ?? 'none'}</td>
                <td className="num">{priceMinor === null ? '–' : formatMoney(priceMinor, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

import Form from 'next/form';
import type { Metadata } from 'next/types';
import { datasetOf } from '#data/datasets/datasets.ts';
import { shownList } from '#data/models/shown-list.ts';
import { type PageQuery, textQuery } from '#page-query.ts';
import { RetrievalProblem } from './retrieval-problem.tsx';
import { Shoppers } from './shoppers.tsx';
import { Shown } from './shown.tsx';

export const metadata: Metadata = { title: 'Playground' };

interface PlaygroundPageProps {
  params: Promise<{ dataset: string }>;
  searchParams: PageQuery;
}

export default async function PlaygroundPage({ params, searchParams }: PlaygroundPageProps) {
  const dataset = await datasetOf(params);
  const [user, search, placement] = await Promise.all([
    textQuery(searchParams, 'user'),
    textQuery(searchParams, 'q'),
    textQuery(searchParams, 'placement'),
  ]);
  const answered = user === '' ? undefined : await shownList(dataset, user, placement);
  return (
    <div className="space-y-6">
      <Form action="" className="flex flex-wrap items-end gap-4">
        <TextControl name="user" label="Shopper" value={user} placeholder="A shopper’s id; empty lists some" />
        <TextControl name="placement" label="Placement" value={placement} placeholder="Any, such as home" />
        <button type="submit" className="button">
          Show
        </button>
      </Form>
      {answered === undefined ? (
        <Shoppers
          {...{ dataset, search, path: '/playground' }}
          chosen={new URLSearchParams(placement === '' ? {} : { placement }).toString()}
        />
      ) : answered.value === undefined ? (
        <RetrievalProblem problem={answered.problem} />
      ) : (
        <Shown list={answered.value} />
      )}
    </div>
  );
}

interface TextControlProps {
  name: string;
  label: string;
  value: string;
  placeholder: string;
}

const TextControl = ({ name, label, value, placeholder }: TextControlProps) => (
  <div className="w-full sm:w-72">
    <label htmlFor={name} className="mb-1 block text-sm font-medium">
      {label}
    </label>
    <input
      key={value}
      id={name}
      name={name}
      defaultValue={value}
      placeholder={placeholder}
      autoComplete="off"
      className="input"
    />
  </div>
);

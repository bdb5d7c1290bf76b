import Form from 'next/form';
import type { CandidateFilter, ServedModel } from '#data/models/playground.ts';
import { formatTime } from '#format.ts';

interface QuestionProps {
  user: string;
  models: ServedModel[];
  left: ServedModel;
  right: ServedModel;
  filter: CandidateFilter;
}

/** Who is asked for, of which two models, among which items. */
export function Question({ user, models, left, right, filter }: QuestionProps) {
  return (
    <Form
      action=""
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
      <FilterFields key={JSON.stringify(filter)} filter={filter} />
    </Form>
  );
}

/** Which items may be answered with. */
function FilterFields({ filter }: { filter: CandidateFilter }) {
  return (
    <fieldset className="grid items-end gap-4 sm:col-span-2 sm:grid-cols-4 xl:col-span-4">
      <legend className="sr-only">Filter</legend>
      <div>
        <label htmlFor="category" className="mb-1 block text-sm font-medium">
          Only the category
        </label>
        <input id="category" name="category" defaultValue={filter.category} className="input" autoComplete="off" />
      </div>
      <div>
        <label htmlFor="price" className="mb-1 block text-sm font-medium">
          Price up to
        </label>
        <input
          id="price"
          name="price"
          inputMode="decimal"
          defaultValue={filter.priceUpTo}
          className="input"
          autoComplete="off"
        />
      </div>
      <div>
        <label htmlFor="tag" className="mb-1 block text-sm font-medium">
          With the tag
        </label>
        <input id="tag" name="tag" defaultValue={filter.tag} className="input" autoComplete="off" />
      </div>
      <label className="flex items-center gap-2 pb-2 text-sm font-medium">
        <input type="checkbox" name="stock" value="yes" defaultChecked={filter.inStock} />
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
            {model.name}
            {model.arms.length > 0 && ' · in a running experiment'}
            {models.some(({ id, name }) => name === model.name && id !== model.id) &&
              ` · ${formatTime(model.createdAt)}`}
          </option>
        ))}
      </select>
    </div>
  );
}

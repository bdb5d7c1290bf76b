import { Confirm } from '#components/forms/confirm.tsx';
import { merge, remove, rename } from './category-actions.ts';

interface CategoryEditProps {
  datasetId: string;
  name: string;
  /** Whether there is another one. */
  mergeable: boolean;
}

/** The list of all names, which the page has once. */
export const categoryNames = 'category-names';

/** What can be done to a category; all of it can be undone. */
export function CategoryEdit({ datasetId, name, mergeable }: CategoryEditProps) {
  const fields = { datasetId, from: name };
  return (
    <div className="flex justify-end gap-2">
      <Confirm
        quiet
        label="Rename"
        busy="Renaming …"
        title={`Rename “${name}”`}
        about={name}
        action={rename}
        fields={fields}
      >
        <label className="block">
          <span className="mb-1 block text-sm font-medium">New name</span>
          <input name="to" defaultValue={name} required maxLength={200} className="input" />
        </label>
      </Confirm>
      {mergeable && (
        <Confirm
          quiet
          label="Merge"
          busy="Merging …"
          title={`Merge “${name}” into another`}
          about={name}
          action={merge}
          fields={fields}
        >
          <label className="block">
            <span className="mb-1 block text-sm font-medium">Into</span>
            <input name="to" list={categoryNames} required className="input" autoComplete="off" />
          </label>
        </Confirm>
      )}
      <Confirm
        quiet
        label="Delete"
        busy="Deleting …"
        title={`Delete “${name}”?`}
        about={name}
        action={remove}
        fields={fields}
      >
        <p className="text-muted">Its items stay, in no category.</p>
      </Confirm>
    </div>
  );
}

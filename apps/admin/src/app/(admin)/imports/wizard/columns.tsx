import type { ImportOrder, InspectedUpload, UploadPreview } from '@duet/datasets';
import { Field } from '#components/forms/field.tsx';
import { Section } from '#components/layout/section.tsx';
import { columnOf, roles, type Table } from './order.ts';

interface ColumnsProps {
  table: Table;
  title: string;
  /** The files of the table. */
  files: InspectedUpload[];
  order: ImportOrder;
  found: UploadPreview['mapping'] | undefined;
  onColumn: (role: string, column: string | null | undefined) => void;
}

const ofForm = '(by the form)';

/** Which column of a table's files is what, as menus with what was found filled in. */
export function Columns({ table, title, files, order, found, onColumn }: ColumnsProps) {
  const columns = [...new Set(files.flatMap((file) => file.columns))];
  const unused = found?.[table]?.unused ?? [];
  return (
    <Section
      title={title}
      note={
        unused.length > 0 &&
        (table === 'interactions' ? `Not used: ${unused.join(', ')}.` : `Nothing is made of ${unused.join(', ')}.`)
      }
    >
      <div className="grid gap-x-5 gap-y-3 sm:grid-cols-2 lg:grid-cols-3 xl:grid-cols-4">
        {roles[table].map(({ role, label, needed }) => {
          const column = columnOf(order, found, table, role);
          // A form may make a role of several columns, or of an expression.
          const isMade = column !== '' && !columns.includes(column);
          const id = `${table}.${role}`;
          return (
            <Field key={role} id={id} label={label} hint={isMade ? column : undefined}>
              <select
                id={id}
                aria-describedby={`${id}-hint`}
                aria-invalid={needed && column === ''}
                className="input"
                value={isMade ? ofForm : column}
                onChange={({ target }) =>
                  onColumn(role, target.value === ofForm ? undefined : target.value === '' ? null : target.value)
                }
              >
                <option value="">{needed ? 'Choose a column' : '– none –'}</option>
                {isMade && <option>{ofForm}</option>}
                {columns.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </Field>
          );
        })}
      </div>
    </Section>
  );
}

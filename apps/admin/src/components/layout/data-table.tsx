import type { ReactNode } from 'react';
import { ScrollX } from './scroll-x.tsx';

export interface Column<Row> {
  /** Of the head, and the column's key: no two columns of a table have the same. */
  title: string;
  /** What the title means, for who points at it. */
  hint?: string | undefined;
  cell: (row: Row, place: number) => ReactNode;
  /** Numbers stand to the right, on one line. */
  numeric?: boolean;
  /** The cell names its row. */
  rowHeader?: boolean;
  /** The title is read out but not seen: of buttons, of a drawing beside its numbers. */
  hideTitle?: boolean;
  /** Rows that the cell stands for: 0 where an earlier row's cell stands for this one too. */
  span?: (row: Row) => number;
  /** Of the column's cells. */
  className?: string | ((row: Row) => string);
  /** Of the head alone: a width. */
  headClassName?: string;
}

interface DataTableProps<Row> {
  /** What the table shows. */
  caption: ReactNode;
  /** Shows the caption above the table; it is read out in any case. */
  showCaption?: boolean;
  /** Entries that are false are left out. */
  columns: (Column<Row> | false)[];
  rows: readonly Row[];
  /** Unique; the row's place where it has no other identity and the list never changes. */
  rowKey: (row: Row, place: number) => string | number;
  rowClassName?: (row: Row) => string;
  /** What stands there while there are no rows. */
  empty?: ReactNode;
  className?: string;
}

/**
 * The one table of the admin. Where it is wider than its place it scrolls: its first column stays, a shade marks more.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { caption, showCaption = false, rows, rowKey, rowClassName, empty = 'Nothing yet.', className = '' } = props;
  if (rows.length === 0) return <div className="px-5 pt-1 pb-5 text-muted">{empty}</div>;
  const columns = props.columns.filter((column) => column !== false);
  const styleOf = ({ numeric, className: columnClass }: Column<Row>, row: Row, first: boolean) =>
    [numeric && 'num', first && 'first', typeof columnClass === 'function' ? columnClass(row) : columnClass]
      .filter(Boolean)
      .join(' ');
  return (
    <ScrollX>
      <table className={`data ${className}`}>
        <caption className={showCaption ? 'px-5 pb-2 text-left text-sm text-muted' : 'sr-only'}>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, hint, hideTitle, numeric, headClassName = '' }, i) => (
              <th
                key={title}
                scope="col"
                className={`${numeric ? 'num' : ''} ${i === 0 ? 'first' : ''} ${headClassName}`}
              >
                {hideTitle ? (
                  <span className="sr-only">{title}</span>
                ) : hint ? (
                  <abbr title={hint}>{title}</abbr>
                ) : (
                  title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={rowKey(row, place)} className={rowClassName?.(row)}>
              {columns.map((column, i) => {
                const span = column.span?.(row) ?? 1;
                if (span === 0) return null;
                const Cell = column.rowHeader ? 'th' : 'td';
                return (
                  <Cell
                    key={column.title}
                    {...(column.rowHeader && { scope: column.span ? 'rowgroup' : 'row' })}
                    {...(column.span && { rowSpan: span })}
                    className={styleOf(column, row, i === 0)}
                  >
                    {column.cell(row, place)}
                  </Cell>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}

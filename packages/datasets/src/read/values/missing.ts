import { literal } from '../workspace/workspace.ts';

/** What files write where they have no value, in lower case. */
export const missingWords = [
  'n/a',
  '#n/a',
  'null',
  '<null>',
  '(null)',
  'nan',
  '<na>',
  'none',
  '(none)',
  'undefined',
  '(not set)',
  '\\n',
  '-',
];

/** SQL for text without surrounding blanks; NULL where that says that there is no value. */
export const present = (text: string): string =>
  `CASE WHEN trim(${text}) = '' OR (length(${text}) < 12 AND lower(trim(${text})) IN (${missingWords.map(literal)})) THEN NULL ` +
  `ELSE trim(${text}) END`;

/** SQL for text as a finite number, else NULL. */
export const finite = (text: string): string =>
  `CASE WHEN isfinite(try_cast(${text} AS DOUBLE)) THEN try_cast(${text} AS DOUBLE) END`;

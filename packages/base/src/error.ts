/** What kind of thing went wrong. The API maps each code to an HTTP status, the CLI to an exit code. */
export type ErrorCode =
  | 'bad-input'
  | 'not-found'
  | 'conflict'
  | 'unauthorised'
  | 'unavailable'
  | 'corrupt'
  | 'internal';

/** Where the reader has to look. */
export interface ErrorPlace {
  file?: string;
  line?: number;
  column?: string;
  field?: string;
}

/**
 * The one error that Duet throws on purpose: a sentence for the reader that says what was wrong, where, and how to
 * mend it. A CLI prints `message`, never the stack.
 */
export class DuetError extends Error {
  readonly code: ErrorCode;
  /** What was wrong, as a sentence, without place and remedy. */
  readonly what: string;
  readonly where: ErrorPlace;
  /** What to do about it, as a sentence. */
  readonly fix: string | undefined;

  constructor(code: ErrorCode, what: string, options: { where?: ErrorPlace; fix?: string; cause?: unknown } = {}) {
    const { where = {}, fix, cause } = options;
    const place = [
      where.file === undefined ? '' : `${where.file}${where.line === undefined ? '' : `:${where.line}`}`,
      where.column === undefined ? '' : `column ${where.column}`,
      where.field === undefined ? '' : `field ${where.field}`,
    ].filter(Boolean);
    super([place.length > 0 ? `${place.join(', ')}: ${what}` : what, fix].filter(Boolean).join(' '), { cause });
    this.name = 'DuetError';
    this.code = code;
    this.what = what;
    this.where = where;
    this.fix = fix;
  }
}

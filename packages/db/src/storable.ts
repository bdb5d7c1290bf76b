/** As JSON writes them: NUL, and half of a surrogate pair. A backslash before is a text's own where it is not one of two. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/** Whether PostgreSQL can hold every text of a value: it has no NUL and no half of a character. */
export const isStorable = (value: unknown): boolean =>
  typeof value === 'string'
    ? value.isWellFormed() && !value.includes('\0')
    : !unstorable.test(JSON.stringify(value) ?? '');

export const unstorableReason = 'holds a NUL, or half of a character';

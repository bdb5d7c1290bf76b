/** How the fields of delimited text are written. */
export interface Dialect {
  /** UTF-8 bytes, one or more. */
  delimiter: Buffer;
  /** Whether a field may be quoted. */
  quotes: boolean;
  /** Whether a backslash takes the next byte as it is, as MySQL writes a quote. */
  escapes: boolean;
  /** Names of the columns of text without a header line. */
  columns?: string[] | undefined;
  /** Lines before the header, or before the first record: `sep=;`. */
  skipLines: number;
  /** Bytes of those lines. */
  skipBytes: number;
  /** Whether lines end with a carriage return alone. */
  carriageReturns: boolean;
}

/** What is asked of text; what is not asked is guessed from its beginning. */
export interface TextOptions {
  delimiter?: string | undefined;
  /** False: the first line is a record. */
  header?: boolean | undefined;
  /** Names for the columns of text without a header. */
  columns?: readonly string[] | undefined;
}

/** Fields of a line without regard to what is quoted but for delimiters inside quotes. */
function countOf(line: string, delimiter: string): number {
  let count = 0;
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"') quoted = !quoted;
    else if (!quoted && line.startsWith(delimiter, at)) {
      count++;
      at += delimiter.length - 1;
    }
  }
  return count;
}

/** The delimiter that splits the most lines alike, of those that split the first. */
function guessDelimiter(lines: readonly string[], preferred: string): string {
  const candidates = [preferred, ...[',', ';', '\t', '|', '::', '\x01'].filter((other) => other !== preferred)];
  let best = { delimiter: preferred, alike: -1, fields: 0 };
  for (const delimiter of candidates) {
    const fields = countOf(lines[0] ?? '', delimiter);
    if (fields === 0) continue;
    const alike = lines.filter((line) => countOf(line, delimiter) === fields).length;
    if (alike > best.alike || (alike === best.alike && fields > best.fields && best.fields === 0)) {
      best = { delimiter, alike, fields };
    }
  }
  return best.delimiter;
}

/**
 * How the text that begins with `head` is written.
 *
 * @param head UTF-8, without a byte order mark
 * @param preferred The delimiter where lines allow several.
 */
export function dialectOf(head: string, options: TextOptions, preferred: string): Dialect {
  const carriageReturns = !head.includes('\n') && head.includes('\r');
  const text = carriageReturns ? head.replaceAll('\r', '\n') : head;
  const separated = /^sep=(.+?)\r?\n/i.exec(text);
  const rest = separated ? text.slice(separated[0].length) : text;
  const lines = rest.split(/\r?\n/).filter((line) => line !== '');
  // The last line may be cut off.
  const whole = lines.length > 1 ? lines.slice(0, 50).slice(0, Math.max(1, lines.length - 1)) : lines;
  const written = options.delimiter ?? separated?.[1] ?? guessDelimiter(whole, preferred);
  const delimiter = written === '\\t' || written.toLowerCase() === 'tab' ? '\t' : written;
  // A backslash before a quote that does not end its field.
  const escapes = /\\"[^,;|\t\r\n]/.test(rest) && !/[^,;|\t\r\n"]""[^,;|\t\r\n"]/.test(rest);
  const columns = options.header === false ? options.columns : undefined;
  return {
    delimiter: Buffer.from(delimiter),
    quotes: true,
    escapes,
    ...(options.header === false && {
      columns: columns
        ? [...columns]
        : Array.from({ length: countOf(whole[0] ?? '', delimiter) + 1 }, (_, i) => `column ${i + 1}`),
    }),
    skipLines: separated ? 1 : 0,
    skipBytes: separated ? Buffer.byteLength(separated[0]) : 0,
    carriageReturns,
  };
}

import { type Envelope, isRunOn } from './json-envelope.ts';
import { maxRecord, type RecordSink } from './sink.ts';

const [lf, space, quote, backslash] = [0x0a, 0x20, 0x22, 0x5c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Whether JSON that begins with `head` has one value a line; otherwise values are one array, or spread over lines. */
export function isJsonLines(head: string): boolean {
  const first = head.trimStart().split('\n', 1)[0]!.trim();
  if (first.startsWith('[') || isRunOn(first)) return false;
  return first !== '{' && (!first.startsWith('{') || first.endsWith('}') || !head.includes('\n'));
}

/** Python's notation of a dictionary (Amazon's files of 2014) as JSON; undefined where it is none. */
function fromPython(text: string): string | undefined {
  if (!/^\{\s*u?'/.test(text)) return undefined;
  let json = '';
  for (let at = 0; at < text.length; ) {
    const c = text[at]!;
    if (c === "'" || c === '"') {
      let string = '';
      for (at++; at < text.length && text[at] !== c; at++) {
        if (text[at] !== '\\') string += text[at];
        else {
          const code = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-9]{1,3}))/.exec(text.slice(at + 1, at + 6));
          if (code) string += String.fromCharCode(Number.parseInt(code[1] ?? code[2] ?? code[3]!, code[3] ? 8 : 16));
          else string += { n: '\n', t: '\t', r: '\r' }[text[at + 1]!] ?? text[at + 1];
          at += code ? code[0].length : 1;
        }
      }
      at++;
      json += JSON.stringify(string);
    } else {
      const word = /^(?:u(?=['"])|True|False|None|nan)/.exec(text.slice(at, at + 5))?.[0];
      json += word === undefined ? c : ({ True: 'true', False: 'false', None: 'null', nan: 'null' }[word] ?? '');
      at += word?.length ?? 1;
    }
  }
  return json;
}

/** Copies JSON objects, one a line, to a sink. Lines that are none are told by who reads them. */
export async function siftJsonLines(text: AsyncIterable<Buffer>, sink: RecordSink): Promise<void> {
  let line = 1;
  let rest: Buffer = Buffer.alloc(0);
  const take = async (bytes: Buffer): Promise<void> => {
    if (bytes.length > maxRecord)
      sink.reject(line, `record is longer than ${maxRecord} bytes`, bytes.toString('utf8', 0, 200));
    else {
      const record = bytes.toString().trim();
      if (record !== '') await sink.write(line, [fromPython(record) ?? record]);
    }
    line++;
    await sink.flushFull();
  };
  for await (const chunk of text) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    for (let newline = bytes.indexOf(lf); newline >= 0; newline = bytes.indexOf(lf, at)) {
      await take(bytes.subarray(at, newline));
      at = newline + 1;
    }
    rest = bytes.subarray(at);
    if (rest.length > 2 * maxRecord) rest = rest.subarray(0, maxRecord + 1);
  }
  if (rest.length > 0) await take(rest);
}

/**
 * Copies the objects of a JSON array, or objects one after the other, however they are spread over lines, to a sink.
 *
 * @param envelope What the array of objects lies in.
 */
export async function siftJsonDocuments(
  text: AsyncIterable<Buffer>,
  sink: RecordSink,
  envelope?: Envelope,
): Promise<void> {
  let skip = envelope?.bytes ?? 0;
  let line = 1 + (envelope?.lines ?? 0);
  let begun = 1;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let record: Buffer[] = [];
  let size = 0;
  const add = (bytes: Buffer): void => {
    size += bytes.length;
    if (size <= maxRecord) record.push(bytes);
  };
  const take = async (): Promise<void> => {
    const object = Buffer.concat(record).toString();
    if (size > maxRecord) sink.reject(begun, `record is longer than ${maxRecord} bytes`, object);
    else await sink.write(begun, [object]);
    record = [];
    size = 0;
    await sink.flushFull();
  };
  for await (const whole of text) {
    const chunk = whole.subarray(skip);
    skip = Math.max(0, skip - whole.length);
    let from = depth > 0 ? 0 : -1;
    for (let at = 0; at < chunk.length; at++) {
      const c = chunk[at]!;
      if (c === lf) line++;
      if (inString) {
        if (escaped) escaped = false;
        else if (c === backslash) escaped = true;
        else if (c === quote) inString = false;
      } else if (c === quote && depth > 0) inString = true;
      else if (c === openBrace || (c === openBracket && depth > 0)) {
        if (depth++ === 0) {
          from = at;
          begun = line;
        }
      } else if ((c === closeBrace || c === closeBracket) && depth > 0 && --depth === 0) {
        add(chunk.subarray(from, at + 1));
        from = -1;
        await take();
      } else if (envelope && depth === 0 && c === closeBracket) return;
      else if (depth === 0 && c > space && c !== openBracket && c !== closeBracket && c !== 0x2c) {
        // Something that is no object: its line is given up.
        const end = chunk.indexOf(lf, at);
        sink.reject(
          line,
          'not a JSON object',
          chunk.toString('utf8', at, Math.min(at + 200, end < 0 ? chunk.length : end)),
        );
        at = end < 0 ? chunk.length : end - 1;
      }
    }
    if (from >= 0) add(Buffer.from(chunk.subarray(from)));
  }
  if (depth > 0 || envelope) sink.reject(begun, 'JSON ends in the middle', Buffer.concat(record).toString());
}

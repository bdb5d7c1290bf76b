import { isUtf8 } from 'node:buffer';
import { DuetError } from '@duet/base';

export const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'latin-1'] as const;
export type Encoding = (typeof encodings)[number];

/** How text is encoded, and whether that is known: asked for, or told by a byte order mark. */
export interface TextEncoding {
  name: Encoding;
  known: boolean;
  /** Bytes of the byte order mark. */
  mark: number;
}

/** Half of the bytes of text in a European language are zero in UTF-16, all of them in even or in odd places. */
function zeros(head: Buffer): { even: number; odd: number } {
  const count = { even: 0, odd: 0 };
  for (let at = 0; at < head.length; at++) if (head[at] === 0) count[at % 2 === 0 ? 'even' : 'odd']++;
  return count;
}

/** The encoding of text that begins with `head`, unless it is given. */
export function encodingOf(head: Buffer, given?: Encoding): TextEncoding {
  const mark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  if (head[0] === 0xff && head[1] === 0xfe) return { name: given ?? 'utf-16le', known: true, mark: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { name: given ?? 'utf-16be', known: true, mark: 2 };
  if (given) return { name: given, known: true, mark };
  if (mark > 0) return { name: 'utf-8', known: true, mark };
  const { even, odd } = zeros(head);
  if (head.length >= 4 && Math.max(even, odd) > head.length * 0.3) {
    return { name: odd > even ? 'utf-16le' : 'utf-16be', known: false, mark: 0 };
  }
  // A character may be cut in two at the end.
  const isCut = [0, 1, 2, 3].some((cut) => isUtf8(head.subarray(0, Math.max(0, head.length - cut))));
  return { name: isCut ? 'utf-8' : 'windows-1252', known: false, mark: 0 };
}

/** Bytes of any encoding as UTF-8, without the byte order mark. */
export async function* asUtf8(bytes: AsyncIterable<Buffer>, { name, mark }: TextEncoding): AsyncGenerator<Buffer> {
  let left = mark;
  // Node's "latin1" decoder is Windows-1252 by the WHATWG's rule; the 32 codes that differ are no text in Latin-1.
  const decoder =
    name === 'utf-8' ? undefined : new TextDecoder(name === 'latin-1' ? 'latin1' : name, { fatal: false });
  for await (const chunk of bytes) {
    const rest = left > 0 ? chunk.subarray(left) : chunk;
    left = Math.max(0, left - chunk.length);
    if (rest.length === 0) continue;
    yield decoder ? Buffer.from(decoder.decode(rest, { stream: true })) : rest;
  }
  const last = decoder?.decode();
  if (last) yield Buffer.from(last);
}

/** @throws DuetError `bad-input` naming those that there are */
export function readEncoding(name: string): Encoding {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const known: Record<string, Encoding> = {
    utf8: 'utf-8',
    utf16: 'utf-16le',
    utf16le: 'utf-16le',
    utf16be: 'utf-16be',
    windows1252: 'windows-1252',
    cp1252: 'windows-1252',
    latin1: 'latin-1',
    iso88591: 'latin-1',
  };
  const found = known[plain];
  if (found) return found;
  throw new DuetError('bad-input', `"${name}" is no encoding that can be read.`, {
    fix: `Use ${encodings.join(', ')}.`,
  });
}

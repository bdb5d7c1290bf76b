/**
 * The array of records within one object that is a whole file: `{"orders": [{…}]}`, `{"data": {"items": [{…}]}, "next":
 * …}`.
 */
export interface Envelope {
  /** Keys on the way to the array. */
  path: string[];
  /** UTF-8 bytes of the file up to and with the array's bracket, and line feeds among them. */
  bytes: number;
  lines: number;
}

interface Candidate {
  path: string[];
  at: number;
  /** Keys of single values beside the array, and beside what it lies in. */
  beside: string[][];
}

/** What stands beside records in an answer of an API, and is none of their fields. */
const ofAnswers =
  /^(_.*|@.*|\$.*|next.*|prev.*|first|last|self|total.*|count|page.*|per_?page|limit|offset|size|has_?more|more|cursor|status.*|success|ok|error.*|message|code|version|took|timed_?out|object|url|href|links?|meta.*|request.*|from|to|since|until|generated.*|exported.*|updated.*|shop|store|currency)$/i;

/** What arrays of records are called. */
const ofRecords =
  /^(orders|data|results?|records|rows|events|customers|users|transactions|purchases|entries|hits|value|values|visits|list|documents|docs)$/i;

/** Reads the beginning of one object: its arrays of objects, and where it ends, or −1. */
function arraysWithin(text: string): { candidates: Candidate[]; end: number } {
  const stack: { kind: '{' | '['; key: string; single: string[] }[] = [];
  const candidates: Candidate[] = [];
  let last = '';
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    const here = stack.at(-1);
    if (c === '"') {
      const from = at + 1;
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
      last = text.slice(from, at);
      continue;
    }
    if (c === ':' && here?.kind === '{') {
      here.key = last;
      if (!/^\s*[[{]/.test(text.slice(at + 1, at + 100))) here.single.push(last);
    } else if (c === '{') stack.push({ kind: '{', key: '', single: [] });
    else if (c === '[') {
      if (stack.length > 0 && stack.every(({ kind }) => kind === '{') && /^\s*\{/.test(text.slice(at + 1, at + 1000))) {
        // The lists go on growing while their objects are read.
        candidates.push({ path: stack.map(({ key }) => key), at, beside: stack.map(({ single }) => single) });
      }
      stack.push({ kind: '[', key: '', single: [] });
    } else if (c === '}' || c === ']') {
      stack.pop();
      if (stack.length === 0) return { candidates, end: at };
    }
  }
  return { candidates, end: -1 };
}

/** Whether another object follows the one that a text begins with. */
export function isRunOn(text: string): boolean {
  const { end } = arraysWithin(text);
  return end >= 0 && /^\s*,?\s*\{/.test(text.slice(end + 1));
}

/**
 * Where the records are of a file that begins with `head` and is one object around them; undefined where it is none:
 * objects one after the other, or a record that has an array of its own.
 */
export function envelopeOf(head: string): Envelope | undefined {
  if (!/^\s*\{/.test(head)) return undefined;
  const { candidates, end } = arraysWithin(head);
  if (end >= 0 && head.slice(end + 1).trim() !== '') return undefined;
  const isAround = ({ path, beside }: Candidate): boolean =>
    ofRecords.test(path.at(-1)!) || beside.flat().every((key) => ofAnswers.test(key));
  // A record does not fill the head: what is not closed by then is around records.
  const found = candidates.find(isAround) ?? (end < 0 ? candidates[0] : undefined);
  if (found === undefined) return undefined;
  const before = head.slice(0, found.at + 1);
  return { path: found.path, bytes: Buffer.byteLength(before), lines: before.split('\n').length - 1 };
}

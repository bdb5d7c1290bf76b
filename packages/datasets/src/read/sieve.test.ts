import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DuetError } from '@duet/base';
import fc from 'fast-check';
import { separator, sieve } from './sieve.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'duet-sieve-'));
after(() => rm(folder, { recursive: true }));

const linesOf = async (file: string): Promise<string[][]> =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(separator));

async function sift(content: string | Uint8Array, format: 'csv' | 'tsv' | 'jsonl' = 'csv') {
  const file = path.join(folder, 'file');
  const clean = path.join(folder, 'clean');
  const rejects = path.join(folder, 'rejects');
  await writeFile(file, content);
  const { columns } = await sieve(file, { format, clean, rejects });
  return { columns, records: await linesOf(clean), rejects: await linesOf(rejects) };
}

test('line numbers count blank lines, CRLF and line breaks inside quotes', async () => {
  const { columns, records, rejects } = await sift('a,b\r\n1,"x\r\ny"\r\n\r\n2,"say ""hi"""\n3,5" nail\n\n4,');
  assert.deepEqual(columns, ['a', 'b']);
  assert.deepEqual(records, [
    ['2', '1', 'x y'],
    ['5', '2', 'say "hi"'],
    ['6', '3', '5" nail'],
    ['8', '4', ''],
  ]);
  assert.deepEqual(rejects, []);
});

test('each malformed line is named with its reason, and costs no other line', async () => {
  const content = Buffer.concat([
    Buffer.from('a,b\n1,2,3\n4\n"5"x,6\n7,8\nnul\0,9\n'),
    Buffer.from([0xff, 0x2c, 0x31, 0x0a]),
    Buffer.from('10,cr\rx\n11,12\n13,"open\n14,15\n'),
  ]);
  const { records, rejects } = await sift(content);
  assert.deepEqual(
    records.map((fields) => fields.join(' ')),
    ['5 7 8', '9 11 12', '11 14 15'],
  );
  assert.deepEqual(
    rejects.map(([line, reason]) => `${line} ${reason}`),
    [
      '2 wrong number of fields',
      '3 wrong number of fields',
      '4 text after a closing quote',
      '6 control character',
      '7 text is not UTF-8',
      '8 carriage return inside a line',
      '10 quote is never closed',
    ],
  );
  assert.equal(rejects[0]![2], '3 instead of 2: 1,2,3');
});

test('a quote that is never closed or a line without an end is given up after a megabyte', async () => {
  const filler = `${'x'.repeat(999)},1\n`.repeat(3000);
  const quoted = await sift(`a,b\n"open,1\n${filler}`);
  assert.equal(quoted.records.length, 3000);
  assert.deepEqual(quoted.rejects[0]!.slice(0, 2), ['2', 'record is longer than 1048576 bytes']);
  const endless = await sift(`a,b\n${'y'.repeat(5_000_000)}\n1,2\n`);
  assert.deepEqual(endless.records, [['3', '1', '2']]);
  assert.equal(endless.rejects.length, 1);
});

test('any table comes back from CSV, gzipped or not, whatever its quotes, separators and line breaks', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r\n', ' ', '漢') });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, text), { minLength: 1 }), fc.boolean(), async (table, zipped) => {
      const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;
      const csv = `one,two\n${table.map((row) => row.map(quoted).join(',')).join('\n')}\n`;
      let line = 2;
      const expected = table.map((row) => {
        const record = [String(line), ...row.map((field) => field.replaceAll(/\r?\n/g, ' '))];
        line += 1 + row.join('').split('\n').length - 1;
        return record;
      });
      const { records, rejects } = await sift(zipped ? gzipSync(csv) : csv);
      assert.deepEqual(records, expected);
      assert.deepEqual(rejects, []);
    }),
    { numRuns: 60 },
  );
});

test('semicolons, tabs and a byte order mark are understood', async () => {
  assert.deepEqual((await sift('\ufeffa;b\n1;2,5\n')).records, [['2', '1', '2,5']]);
  assert.deepEqual((await sift('a\tb\n1\t2\n', 'tsv')).records, [['2', '1', '2']]);
});

test('a header that cannot serve is refused by name', async () => {
  await assert.rejects(sift('a,a\n1,2\n'), /two columns are called "a"/);
  await assert.rejects(sift(''), /it has no header line/);
  await assert.rejects(sift('"a"b,c\n1,2\n'), /header line cannot be read: text after a closing quote/);
});

test('a gzip file that is cut short is refused as corrupt', async () => {
  const whole = gzipSync(`a,b\n${Array.from({ length: 5000 }, (_, i) => `${i},${i * 7919}`).join('\n')}`);
  await assert.rejects(
    sift(whole.subarray(0, whole.length / 2)),
    (error: unknown) => error instanceof DuetError && error.code === 'corrupt' && /cut short/.test(error.message),
  );
});

test('two million lines pass through a fixed amount of memory', async () => {
  const file = path.join(folder, 'long.csv.gz');
  const line = (i: number) => `user${i % 50_000},item${(i * 7919) % 10_000},${1_600_000_000 + i},"quoted, ${i}"\n`;
  const block = gzipSync(Array.from({ length: 100_000 }, (_, i) => line(i)).join(''));
  // Members of a gzip file may follow one another.
  await writeFile(file, Buffer.concat([gzipSync('user,item,time,note\n'), ...Array(20).fill(block)]));
  const before = process.memoryUsage();
  let peak = 0;
  const watch = (): void => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    peak = Math.max(peak, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers);
  };
  const clean = path.join(folder, 'long.clean');
  const { rejected } = await sieve(file, { format: 'csv', clean, rejects: path.join(folder, 'r'), onBytes: watch });
  assert.equal(rejected, 0);
  assert.equal((await lastLine(clean)).split(separator)[0], '2000001');
  assert.ok(peak < 100e6, `${peak} bytes at most`);
});

async function lastLine(file: string): Promise<string> {
  const bytes = await readFile(file);
  return bytes.toString('utf8', bytes.lastIndexOf('\n', bytes.length - 2) + 1);
}

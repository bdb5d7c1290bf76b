import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { DuetError } from '@duet/base';
import { nthRng, type Rng } from '@duet/random';
import { type ImportPreview, previewImport } from '../../import.ts';
import { type FormSample, formSamples } from '../../testing/form-files.ts';

/** Mutated files of each form; `DUET_FUZZ=5000` for the whole. */
const count = Number(process.env.DUET_FUZZ ?? 3);
/**
 * Of them those that are imported each by itself, every other with its header mutated; the others are together one
 * import.
 */
const alone = count > 3 ? count : 0;
const rows = 8;
/** What one file may take. */
const limitMs = 60_000;

type Mutation = (bytes: Buffer, rng: Rng, from: number) => Buffer;

const splice = (bytes: Buffer, at: number, gone: number, come: string | Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(come as string), bytes.subarray(at + gone)]);
const oneOf = <T>(all: readonly T[], rng: Rng): T => all[Math.floor(rng() * all.length)]!;

/**
 * What exports suffer on their way: bytes lost, doubled and changed; quotes, delimiters and line ends; values that are
 * none.
 */
const mutations: Mutation[] = [
  (bytes, rng, from) => splice(bytes, place(bytes, rng, from), 1, Buffer.from([Math.floor(rng() * 256)])),
  (bytes, rng, from) => splice(bytes, place(bytes, rng, from), Math.floor(rng() * 30), ''),
  (bytes, rng, from) => bytes.subarray(0, place(bytes, rng, from)),
  (bytes, rng, from) =>
    splice(bytes, place(bytes, rng, from), 0, oneOf(['"', '""', "'", '\\', '{', '}', '[', ']'], rng)),
  (bytes, rng, from) => splice(bytes, place(bytes, rng, from), 0, oneOf([',', ';', '\t', '|', '::'], rng)),
  (bytes, rng, from) =>
    splice(bytes, place(bytes, rng, from), 0, oneOf(['\n', '\r', '\r\n', '\0', '\x1f', '\u2028'], rng)),
  (bytes, rng, from) =>
    splice(
      bytes,
      place(bytes, rng, from),
      Math.floor(rng() * 8),
      oneOf(['NULL', 'NaN', '-1', '1e999', '0', '1/2/2024', '99999999999999', '€1.234,50', 'ü', '\ud83d\ude00'], rng),
    ),
  (bytes, rng, from) => {
    const at = place(bytes, rng, from);
    return splice(bytes, at, 0, bytes.subarray(at, at + 200));
  },
];

const place = (bytes: Buffer, rng: Rng, from: number): number => from + Math.floor(rng() * (bytes.length - from));

/** A file with one to three things wrong with it, from a byte on. */
function mutated(text: string, rng: Rng, from: number): Buffer {
  let bytes: Buffer = Buffer.from(text);
  for (let n = 1 + Math.floor(rng() * 3); n > 0; n--)
    if (bytes.length > from) bytes = oneOf(mutations, rng)(bytes, rng, from);
  return bytes;
}

/** Whether every row of the interactions is accounted for. */
function assertAccounted({ mapping, rows, summary }: ImportPreview, about: string): void {
  for (const [table, { rows: counted }] of Object.entries(mapping)) {
    const ignored = Object.values(counted.ignored).reduce((sum, n) => sum + n, 0);
    assert.equal(counted.used + counted.rejected + ignored, counted.read, `${table} of ${about}`);
  }
  const { used } = mapping.interactions!.rows;
  assert.equal(rows, used, about);
  assert.equal(summary.interactions.kept, used, about);
}

/**
 * Imports a folder with files; what is wrong with it as a whole is a sentence of Duet's.
 *
 * @param least Rows that are used at least; undefined where the files may as well be refused.
 */
async function check(sample: FormSample, files: Record<string, Buffer>, about: string, least?: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-fuzz-'));
  try {
    const place = path.join(folder, 'files');
    await mkdir(place);
    for (const [name, bytes] of Object.entries({ ...sample.beside, ...files }))
      await writeFile(path.join(place, name), bytes);
    const signal = AbortSignal.timeout(limitMs);
    const request = { name: 'fuzz', as: sample.form.name, interactions: place };
    const read = await previewImport({ signal }, request);
    assertAccounted(read, about);
    if (least !== undefined) assert.ok(read.rows >= least, `${about}: ${read.rows} rows`);
  } catch (error) {
    const isSentence =
      least === undefined && error instanceof DuetError && ['bad-input', 'corrupt'].includes(error.code);
    if (!isSentence) throw new Error(`${about}: ${error}`, { cause: error });
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const [at, sample] of formSamples(rows).entries()) {
  const { form, file, name, text } = sample;
  test(`files of ${form.name} with anything wrong are read or refused, and every row is accounted for`, async () => {
    const header = file.text?.header === false || text.startsWith('{') ? 0 : text.indexOf('\n') + 1;
    const together: Record<string, Buffer> = { [name]: Buffer.from(text) };
    for (let n = 0; n < count; n++) {
      const rng = nthRng(at, n);
      if (n < alone) {
        const bytes = mutated(text, rng, n % 2 === 0 ? header : 0);
        await check(sample, { [name]: bytes }, `${form.name}, file ${n}`);
      } else if (file.named === undefined) together[`file-${n + 1}.txt`] = mutated(text, rng, header);
    }
    // Half of the sound file's rows may be of events that do not count.
    await check(sample, together, `${form.name}, files ${alone} to ${count}`, rows / 2);
  });
}

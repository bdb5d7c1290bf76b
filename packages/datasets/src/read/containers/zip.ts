import { once } from 'node:events';
import { DuetError } from '@duet/base';
import yauzl from 'yauzl';

/** A file of an archive. */
export interface ZipEntry {
  name: string;
  /** Bytes, as the archive says. */
  compressed: number;
  open(): AsyncIterable<Buffer>;
}

/** Files that systems put into archives beside those that a person meant. */
const isClutter = (name: string): boolean => /(^|\/)(__MACOSX\/|\.|Thumbs\.db$)/.test(name);

/**
 * The files of a zip archive, in its order. It is open until the generator ends.
 *
 * @throws DuetError `corrupt`, or `bad-input` for an archive with a password
 */
export async function* zipEntries(path: string, file: string): AsyncGenerator<ZipEntry> {
  const broken = (cause: unknown) =>
    new DuetError('corrupt', `this zip archive cannot be read: ${(cause as Error).message}.`, {
      where: { file },
      cause,
    });
  const open = (): Promise<yauzl.ZipFile> =>
    new Promise((resolve, reject) => {
      yauzl.open(path, { lazyEntries: true, autoClose: false }, (error, zip) =>
        error ? reject(broken(error)) : resolve(zip),
      );
    });
  async function* read(entry: yauzl.Entry): AsyncGenerator<Buffer> {
    const zip = await open();
    try {
      const stream = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
        zip.openReadStream(entry, (error, found) => (error ? reject(error) : resolve(found)));
      });
      yield* stream;
    } catch (cause) {
      throw cause instanceof DuetError ? cause : broken(cause);
    } finally {
      zip.close();
    }
  }
  const zip = await open();
  try {
    for (;;) {
      const next = Promise.race([once(zip, 'entry'), once(zip, 'end').then(() => [])]);
      zip.readEntry();
      const [entry] = (await next.catch((cause: unknown) => {
        throw broken(cause);
      })) as [yauzl.Entry?];
      if (entry === undefined) return;
      if (entry.fileName.endsWith('/') || isClutter(entry.fileName)) continue;
      if ((entry.generalPurposeBitFlag & 1) === 1) {
        throw new DuetError('bad-input', `"${entry.fileName}" of this archive has a password.`, {
          where: { file },
          fix: 'Unpack it first.',
        });
      }
      yield { name: entry.fileName, compressed: entry.compressedSize, open: () => read(entry) };
    }
  } finally {
    zip.close();
  }
}

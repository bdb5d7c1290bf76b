import { statfs } from 'node:fs/promises';
import { DuetError } from '@duet/base';

/** What one import may take. */
export interface Limits {
  /** Bytes of all files once they are unpacked. */
  bytes: number;
  /** Rows of all files. */
  rows: number;
  /** Times that a file may grow when it is unpacked. */
  ratio: number;
  /** Unpacked bytes of a file that may grow more. */
  freely: number;
  /** Texts of a column that are numbered: what is known of them is in memory. */
  ids: number;
}

export const defaultLimits: Limits = { bytes: 200e9, rows: 2e9, ratio: 200, freely: 256 << 20, ids: 2 << 20 };

const checkDiskEvery = 256 << 20;
/** What must stay free on the disk where an import works. */
const keepFree = 1 << 30;

/** Counts what an import unpacks, and stops what would fill the disk. */
export class Bounds {
  readonly #limits: Limits;
  readonly #folder: string;
  #bytes = 0;
  #unchecked = 0;

  constructor(limits: Limits, folder: string) {
    this.#limits = limits;
    this.#folder = folder;
  }

  /**
   * Passes the bytes of a file on.
   *
   * @param packed How many bytes it had before it was unpacked so far.
   * @throws DuetError `bad-input` where they are too many, `unavailable` where the disk is full
   */
  async *pass(file: string, bytes: AsyncIterable<Buffer>, packed: () => number): AsyncGenerator<Buffer> {
    let fileBytes = 0;
    for await (const chunk of bytes) {
      fileBytes += chunk.length;
      this.#bytes += chunk.length;
      this.#unchecked += chunk.length;
      const ratio = fileBytes / Math.max(1, packed());
      if (fileBytes > this.#limits.freely && ratio > this.#limits.ratio) {
        throw new DuetError('bad-input', `this file grows ${Math.floor(ratio)} times when it is unpacked.`, {
          where: { file },
          fix: `It may grow ${this.#limits.ratio} times; unpack it first if it is sound.`,
        });
      }
      if (this.#bytes > this.#limits.bytes) {
        throw new DuetError('bad-input', `the files have more than ${this.#limits.bytes} bytes once unpacked.`, {
          where: { file },
          fix: 'Import a part of them, or raise DUET_IMPORT_MAX_BYTES.',
        });
      }
      if (this.#unchecked > checkDiskEvery) await this.#checkDisk();
      yield chunk;
    }
  }

  async #checkDisk(): Promise<void> {
    this.#unchecked = 0;
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize > keepFree) return;
    throw new DuetError('unavailable', 'the disk of the data folder is almost full.', {
      where: { file: this.#folder },
      fix: 'Make room, or move the data folder (DUET_DATA_DIR).',
    });
  }
}

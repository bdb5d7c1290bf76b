import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Progress, terminalProgress } from '@duet/base';
import { table } from '../answer.ts';

/** What one step did and cost. */
export interface StepRecord {
  step: string;
  seconds: number;
  /** Whether there was anything to do. */
  worked: boolean;
  peakMb?: number;
}

/** How a step ended: what to tell, and whether there was anything to do. */
export interface StepResult<T> {
  value: T;
  worked: boolean;
  note?: string;
  peakMb?: number;
}

/**
 * Measures the steps of a start and tells people about them: bars while a phase runs, its finished steps afterwards.
 */
export class Steps {
  readonly records: StepRecord[] = [];
  readonly #began = performance.now();
  #held: string[] | undefined;

  say(line: string): void {
    if (this.#held) this.#held.push(line);
    else process.stderr.write(`${line}\n`);
  }

  /** Runs steps that may overlap, with one set of bars; what they say waits until the bars are done. */
  async phase<T>(run: (progress: Progress) => Promise<T>): Promise<T> {
    const held: string[] = [];
    if (process.stderr.isTTY) this.#held = held;
    const progress = terminalProgress();
    try {
      return await run(progress);
    } finally {
      progress[Symbol.dispose]();
      this.#held = undefined;
      for (const line of held) this.say(line);
    }
  }

  async measure<T>(step: string, run: () => Promise<StepResult<T>>): Promise<T> {
    const began = performance.now();
    const { value, worked, note, peakMb } = await run();
    const seconds = (performance.now() - began) / 1000;
    this.records.push({ step, seconds, worked, ...(peakMb === undefined ? {} : { peakMb }) });
    const detail = note === undefined ? '' : `  ${note}`;
    this.say(`✔ ${step.padEnd(24)} ${worked ? `${seconds.toFixed(1)} s`.padStart(8) : '   there'}${detail}`);
    return value;
  }

  /** Seconds since the start, the set-up by `npm start` included. */
  total(): number {
    return (performance.now() - this.#began + Number(process.env.DUET_SETUP_MS ?? 0)) / 1000;
  }

  summary(): string {
    const worked = this.records.filter((record) => record.worked);
    return table(
      ['step', 'seconds', 'peak MB'],
      worked.map(({ step, seconds, peakMb }) => [step, seconds.toFixed(1), peakMb ?? '–']),
    );
  }

  /** Keeps the figures as `<dataDir>/logs/start.json`. */
  write(dataDir: string, services: Record<string, { peakMb: number | undefined }>): void {
    const file = path.join(dataDir, 'logs', 'start.json');
    mkdirSync(path.dirname(file), { recursive: true });
    const setupSeconds = Number(process.env.DUET_SETUP_MS ?? 0) / 1000;
    const cold = this.records.some(({ step, worked }) => worked && step.startsWith('train'));
    const report = { startedAt: new Date().toISOString(), cold, totalSeconds: this.total(), setupSeconds };
    writeFileSync(file, `${JSON.stringify({ ...report, steps: this.records, services }, undefined, 2)}\n`);
  }
}

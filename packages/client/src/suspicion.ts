import type { DuetClientError } from './error.ts';

/** After so many server errors on the same events others are tried, to see whether it is about these. */
const doubtAfter = 10;

/** Finds which event of a batch it is that the service will not take. */
export class Suspicion<Event> {
  /** Events at the front among which one was refused: they are sent by halves. */
  #suspects = 0;
  #acknowledged = 0;
  /** Of events that met nothing but server errors: how many had been acknowledged by then. */
  readonly #doubted = new Map<Event, number>();

  /** How many events to send next. */
  size(batchSize: number): number {
    return this.#suspects > 0 ? Math.ceil(this.#suspects / 2) : batchSize;
  }

  /** The service took these. */
  clear(batch: Event[]): void {
    for (const event of this.#doubted.size > 0 ? batch : []) this.#doubted.delete(event);
    this.#acknowledged += batch.length;
    this.#suspects = Math.max(0, this.#suspects - batch.length);
  }

  judge(batch: Event[], error: DuetClientError, attempt: number): 'wait' | 'halve' | 'give-up' | 'try-others' {
    const isOfBatch = error.code === 'bad-input';
    if (!isOfBatch && !(error.code === 'internal' && attempt >= doubtAfter)) return 'wait';
    if (batch.length > 1) {
      this.#suspects = batch.length;
      return 'halve';
    }
    const [event] = batch as [Event];
    this.#suspects = 0;
    const before = this.#doubted.get(event);
    if (isOfBatch || (before !== undefined && this.#acknowledged > before)) {
      this.#doubted.delete(event);
      return 'give-up';
    }
    this.#doubted.set(event, this.#acknowledged);
    return 'try-others';
  }
}

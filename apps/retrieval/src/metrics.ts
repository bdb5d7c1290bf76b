import type { Serving } from '@duet/serving';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Pressure } from './pressure.ts';

/** From half a millisecond to ten seconds: a search takes a tenth of the first. */
const buckets = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface Metrics {
  /** Prometheus' text format, https://prometheus.io/docs/instrumenting/exposition_formats/ */
  text(): Promise<string>;
  contentType: string;
  answered(procedure: string, status: number, ms: number): void;
  refused(why: 'waiting' | 'rate-limit'): void;
  events(result: { accepted: number; repeated: number; rejected: readonly unknown[] }): void;
}

/** What the service tells Prometheus of itself. */
export function createMetrics(serving: Serving, pressure: Pressure): Metrics {
  const registers = [new Registry()];
  const [register] = registers as [Registry];
  collectDefaultMetrics({ register });

  const requests = new Counter({
    name: 'duet_requests_total',
    help: 'Requests answered, by procedure ("none" where no procedure was reached) and HTTP status.',
    labelNames: ['procedure', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'duet_request_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labelNames: ['procedure'],
    buckets,
    registers,
  });
  const refusals = new Counter({
    name: 'duet_refused_total',
    help: 'Requests turned away: they had waited in vain, or their key was past its rate.',
    labelNames: ['reason'],
    registers,
  });
  const events = new Counter({
    name: 'duet_events_total',
    help: 'Events received, by what became of them.',
    labelNames: ['result'],
    registers,
  });
  new Gauge({
    name: 'duet_requests_in_flight',
    help: 'Requests being worked on.',
    registers,
    collect() {
      this.set(pressure.inFlight);
    },
  });
  new Gauge({
    name: 'duet_requests_waiting',
    help: 'Requests that have arrived and are not worked on yet.',
    registers,
    collect() {
      this.set(pressure.waiting);
    },
  });
  new Gauge({
    name: 'duet_index_vectors',
    help: 'Vectors in each index that answers now, by model and index version.',
    labelNames: ['model', 'model_id', 'kind', 'index_id', 'factory', 'engine'],
    registers,
    collect() {
      this.reset();
      for (const { id, name, kind, index } of serving.health().models) {
        const { id: index_id, factory, engine, size } = index;
        this.set({ model: name, model_id: id, kind, index_id, factory, engine }, size);
      }
    },
  });
  new Gauge({
    name: 'duet_serving_problems',
    help: 'Problems that /health names.',
    registers,
    collect() {
      this.set(serving.health().problems.length);
    },
  });

  new Counter({
    name: 'duet_user_vectors_total',
    help: 'User vectors asked for, by whether the cache had them.',
    labelNames: ['cache'],
    registers,
    collect() {
      const { hits, misses } = serving.userVectorCache;
      this.reset();
      this.inc({ cache: 'hit' }, hits);
      this.inc({ cache: 'miss' }, misses);
    },
  });

  return {
    text: () => register.metrics(),
    contentType: register.contentType,
    answered(procedure, status, ms) {
      requests.inc({ procedure, status });
      seconds.observe({ procedure }, ms / 1000);
    },
    refused: (reason) => refusals.inc({ reason }),
    events({ accepted, repeated, rejected }) {
      events.inc({ result: 'accepted' }, accepted);
      events.inc({ result: 'repeated' }, repeated);
      events.inc({ result: 'rejected' }, rejected.length);
    },
  };
}

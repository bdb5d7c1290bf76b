import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';
import type { LiftMethod } from '@duet/statistics';
import { readServed } from '../events/served-latency.ts';
import { type Metric, metrics } from '../metrics/experiment-metrics.ts';
import { findExperiment } from '../plan/experiment.ts';
import { readInterleaved } from '../rollup/interleaved-credit.ts';
import { type RolledUp, readRollup, type Segment } from '../rollup/read-rollup.ts';
import { rollUp } from '../rollup/rollup.ts';
import { assemble } from './assemble.ts';
import { readOutliers } from './outliers.ts';
import type { Report } from './shape.ts';
import { subjectOf } from './subject.ts';

export interface ReportRequest {
  /** The newest by default. */
  phase?: number | undefined;
  /** Only what happened in it; everything by default. */
  segment?: { dimension: string; value: string } | undefined;
  /** By default the experiment's own, 1 − alpha. */
  level?: number | undefined;
  liftMethod?: LiftMethod | undefined;
  /** Whether every segment is compared too. A report on one segment has none. */
  breakdowns?: boolean | undefined;
  /** Duet's own and the shop's: see `readMetrics`. */
  metrics?: readonly Metric[] | undefined;
  now?: Date | undefined;
}

/**
 * The experiment's report. The user is the unit throughout: they were randomised, so their sums are the observations.
 * What was logged since the last rollup is rolled up first; then sums are read, a row per day and arm, however many
 * events there are.
 *
 * @param experiment its id or name
 * @throws DuetError `not-found` for an unknown experiment, phase or segment
 */
export async function experimentReport(
  database: Database,
  experiment: string,
  { segment, level, liftMethod = 'fieller', breakdowns = true, now = new Date(), ...asked }: ReportRequest = {},
): Promise<Report> {
  const { id } = await findExperiment(database, experiment);
  await rollUp(database, id, { now });
  const subject = await subjectOf(database, id, asked.phase);
  const { phase } = subject;
  const whole = await readRollup(database, id, { phase });
  const part = segment && knownSegment(segment, whole);
  const segments = breakdowns && !part ? segmentsIn(whole) : [];
  return assemble({
    ...subject,
    segment: part ?? null,
    metrics: asked.metrics ?? metrics,
    segments: whole.segments,
    rollup: part ? await readRollup(database, id, { phase, segment: part }) : whole,
    interleaved: subject.experiment.design === 'interleaving' ? await readInterleaved(database, id, phase) : [],
    outliers: subject.past ? [] : await readOutliers(database, id, subject.currency),
    served: await readServed(database, id, { phase }),
    parts: await Promise.all(
      segments.map(async (segment) => ({
        ...segment,
        arms: (await readRollup(database, id, { phase, segment })).total,
      })),
    ),
    level: level ?? 1 - subject.settings.alpha,
    liftMethod,
    now,
  });
}

const segmentsIn = ({ segments }: RolledUp): Segment[] =>
  segments.flatMap(({ dimension, values }) => values.map((value) => ({ dimension, value })));

function knownSegment({ dimension, value }: { dimension: string; value: string }, rollup: RolledUp): Segment {
  const known = segmentsIn(rollup);
  const found = known.find((segment) => segment.dimension === dimension && segment.value === value);
  if (found) return found;
  throw new DuetError('not-found', `Nothing was counted with ${dimension} "${value}".`, {
    where: { field: 'segment' },
    fix:
      known.length === 0
        ? 'There are no segments yet.'
        : `There are ${known.map((segment) => `${segment.dimension}=${segment.value}`).join(', ')}.`,
  });
}

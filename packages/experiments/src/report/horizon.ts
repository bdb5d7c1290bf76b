import type { Horizon, Report } from './shape.ts';

const dayMs = 86_400_000;

/** The look at this moment, against the one that was planned; what a stopped experiment shows is of when it stopped. */
export function horizonOf(
  { plannedEndAt, stoppedAt }: Pick<Report['experiment'], 'plannedEndAt' | 'stoppedAt'>,
  now: Date,
): Horizon {
  if (plannedEndAt === null) return 'unplanned';
  const seen = Math.min(now.getTime(), stoppedAt === null ? Infinity : Date.parse(stoppedAt));
  const past = seen - Date.parse(plannedEndAt);
  return past < 0 ? 'before' : past <= dayMs ? 'at' : 'after';
}

/** The day with whose end the planned end comes: the last that it leaves whole, or the one that it ends within. */
export const plannedDayOf = (plannedEndAt: string | null): string | null =>
  plannedEndAt === null ? null : new Date(Date.parse(plannedEndAt) - 1).toISOString().slice(0, 10);

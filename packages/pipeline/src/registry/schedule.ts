import { DuetError } from '@duet/base';
import { CronExpressionParser } from 'cron-parser';

/** When a registered model is refreshed: a cron expression of five fields, read in a time zone. */
export interface Schedule {
  cron: string;
  /** IANA name, such as Europe/London. */
  timeZone: string;
}

const parse = ({ cron, timeZone }: Schedule, now: Date) =>
  CronExpressionParser.parse(cron, { currentDate: now, tz: timeZone });

/** @throws DuetError `bad-input` for a cron expression or a time zone that is none */
export function checkSchedule(schedule: Schedule): void {
  const { cron, timeZone } = schedule;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    throw new DuetError('bad-input', `"${timeZone}" is no time zone.`, {
      where: { field: 'timeZone' },
      fix: 'Write its IANA name, such as Europe/London or UTC.',
    });
  }
  try {
    if (cron.trim().split(/\s+/).length !== 5) throw new Error('it does not have five fields');
    parse(schedule, new Date(0));
  } catch (cause) {
    throw new DuetError('bad-input', `"${cron}" is no schedule: ${(cause as Error).message}.`, {
      where: { field: 'schedule' },
      fix: 'Write minute, hour, day of month, month and day of week: "0 3 * * *" is every night at three.',
      cause,
    });
  }
}

/** The last time at or before `now` that the schedule named. */
export const lastDue = (schedule: Schedule, now: Date): Date =>
  parse(schedule, new Date(now.getTime() + 1))
    .prev()
    .toDate();

/** The next time after `now` that the schedule names. */
export const nextDue = (schedule: Schedule, now: Date): Date => parse(schedule, now).next().toDate();

/** When something is done, as a form asks it: the patterns that most want, and any other cron expression. */
export interface ScheduleChoice {
  kind: 'asked' | 'daily' | 'weekly' | 'cron';
  /** hh:mm, of daily and weekly ones. */
  time: string;
  /** Of weekly ones: 0 is Sunday. */
  day: string;
  cron: string;
}

export const weekDays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** A stored schedule as the form shows it; null is none: when somebody asks. */
export function scheduleChoice(cron: string | null): ScheduleChoice {
  const usual = { time: '03:00', day: '1', cron: cron ?? '' };
  if (cron === null) return { ...usual, kind: 'asked' };
  const [, minute, hour, day] = /^(\d{1,2}) (\d{1,2}) \* \* (\*|[0-7])$/.exec(cron.trim()) ?? [];
  if (minute === undefined || hour === undefined || day === undefined) return { ...usual, kind: 'cron' };
  const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
  return day === '*'
    ? { ...usual, kind: 'daily', time }
    : { ...usual, kind: 'weekly', time, day: String(Number(day) % 7) };
}

/** The cron expression that a choice stands for; null where nothing is scheduled. */
export function cronOf({ kind, time, day, cron }: ScheduleChoice): string | null {
  if (kind === 'asked') return null;
  if (kind === 'cron') return cron.trim();
  const [hour, minute] = time.split(':').map(Number);
  return `${minute} ${hour} * * ${kind === 'daily' ? '*' : day}`;
}

/** When it is done, as part of a sentence: "every day at 03:00 (Europe/London)". */
export function scheduleInWords(cron: string | null, timeZone: string): string {
  const choice = scheduleChoice(cron);
  if (choice.kind === 'asked') return 'when somebody asks';
  const when = {
    daily: `every day at ${choice.time}`,
    weekly: `every ${weekDays[Number(choice.day)]} at ${choice.time}`,
    cron: `by the schedule ${cron}`,
  }[choice.kind];
  return `${when} (${timeZone})`;
}

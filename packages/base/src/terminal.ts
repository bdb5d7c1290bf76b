import { MultiBar, type SingleBar } from 'cli-progress';
import type { Progress, ProgressUpdate } from './progress.ts';

/** "12 s", "3 min 05 s". */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  const rest = Math.round(seconds) % 60;
  return `${Math.floor(Math.round(seconds) / 60)} min ${String(rest).padStart(2, '0')} s`;
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

interface Watched {
  since: number;
  first: number;
  printed: number;
  bar?: SingleBar;
}

/**
 * Rate and time left of a step: "31K examples/s, 12 s left". Per cent have no rate, and before the first unit nothing
 * has.
 */
export function pace({ done, total, unit }: ProgressUpdate, first: number, seconds: number): string {
  const rate = seconds > 0 ? (done - first) / seconds : 0;
  if (rate <= 0) return '';
  const left = total > done ? [`${formatSeconds((total - done) / rate)} left`] : [];
  return (unit === '%' ? left : [`${compact.format(rate)} ${unit}/s`, ...left]).join(', ');
}

/**
 * A progress receiver for people: bars with rate and time left on a terminal, several at once; elsewhere a line when a
 * step begins, every five seconds, and at its end.
 */
export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): Progress & Disposable {
  const steps = new Map<string, Watched>();
  const bars = stream.isTTY
    ? new MultiBar({
        stream,
        clearOnComplete: false,
        hideCursor: true,
        format: '  {step} [{bar}] {percentage}%  {pace}  {note}',
        barsize: 28,
        emptyOnZero: true,
        autopadding: true,
      })
    : undefined;
  const report = (update: ProgressUpdate): void => {
    const now = performance.now();
    let watched = steps.get(update.step);
    const begins = watched === undefined;
    if (watched === undefined) {
      watched = { since: now, first: update.done, printed: 0 };
      steps.set(update.step, watched);
    }
    const done = update.total > 0 && update.done >= update.total;
    const figures = pace(update, watched.first, (now - watched.since) / 1000);
    if (bars) {
      const payload = { step: update.step.padEnd(22), pace: figures, note: update.note ?? '' };
      watched.bar ??= bars.create(Math.max(1, update.total), update.done, payload);
      watched.bar.setTotal(Math.max(1, update.total));
      watched.bar.update(update.done, payload);
      if (done) watched.bar.stop();
    } else if (begins || done || now - watched.printed > 5000) {
      const doneText =
        update.total > 0 ? `${Math.floor((100 * update.done) / update.total)} %` : `${update.done} ${update.unit}`;
      stream.write(`  ${[`${update.step}: ${doneText}`, figures, update.note].filter(Boolean).join('  ')}\n`);
      watched.printed = now;
    }
    if (done) steps.delete(update.step);
  };
  return Object.assign(report, { [Symbol.dispose]: () => bars?.stop() });
}

/** Progress to whoever watches: the supervisor that forked this process, else the terminal. */
export function reportProgress(): Progress & Disposable {
  if (process.send === undefined) return terminalProgress();
  let sent = 0;
  const forward = (update: ProgressUpdate): void => {
    const now = performance.now();
    if (now - sent < 100 && update.done < update.total) return;
    sent = now;
    process.send?.({ progress: update });
  };
  return Object.assign(forward, { [Symbol.dispose]: () => {} });
}

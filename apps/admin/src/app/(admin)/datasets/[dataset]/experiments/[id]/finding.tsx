import type { Report } from '@duet/experiments';
import { formatDay } from '#format.ts';

/** What is a percentage stays on one line. */
const unbroken = (text: string) => text.replaceAll(' %', '\u00a0%');

/** What can and cannot be concluded, loud where the figures must not be used. */
export function Finding({ report: { finding, caveats, srm, experiment } }: { report: Report }) {
  const { decision } = experiment;
  return (
    <section
      aria-label="What can be concluded"
      className={`rounded-xl border bg-surface px-5 py-5 sm:px-7 sm:py-6 ${srm.warning ? 'border-bad' : 'border-line'}`}
    >
      {experiment.simulated && (
        <p className="mb-4 inline-block rounded-md bg-mark px-3 py-1.5 font-medium">
          Simulated shoppers: nothing here says what real ones would do.
        </p>
      )}
      <p
        role={srm.warning ? 'alert' : undefined}
        className={`max-w-4xl text-xl leading-snug font-medium tracking-tight text-pretty ${srm.warning ? 'text-bad' : ''}`}
      >
        {unbroken(finding)}
      </p>
      {caveats.length > 0 && (
        <ul className="mt-4 max-w-4xl list-disc space-y-1 pl-5 text-muted marker:text-faint">
          {caveats.map((caveat) => (
            <li key={caveat}>{unbroken(caveat)}</li>
          ))}
        </ul>
      )}
      {decision && (
        <p className="mt-5 border-t border-line pt-4">
          <span className="font-medium">
            Decided: {decision.arm === null ? 'no arm' : decision.arm} by {decision.by} on{' '}
            {formatDay(new Date(decision.at))}.
          </span>{' '}
          <span className="text-muted">{decision.note}</span>
        </p>
      )}
    </section>
  );
}

import type { Experiment } from '@duet/db';
import type { readinessOf } from '@duet/experiments';
import { Confirm } from '#components/forms/confirm.tsx';
import { Field } from '#components/forms/field.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Section } from '#components/layout/section.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { formatTime } from '#format.ts';
import { decide, start, stop } from '../../actions.ts';

interface StepsProps {
  experiment: Experiment;
  arms: { name: string; weight: number }[];
  readiness: Awaited<ReturnType<typeof readinessOf>>;
}

const says: Record<Experiment['status'], string> = {
  draft: 'A draft: nobody sees it yet, and everything can be changed.',
  running: 'It runs: shoppers are dealt out to its arms.',
  stopped: 'It was stopped: everybody gets the default, and its figures stand.',
  decided: 'It is decided.',
};

const Note = ({ id, label }: { id: string; label: string }) => (
  <Field id={id} label={label} hint="It is written into the audit log.">
    <input id={id} name="note" className="input" maxLength={2000} aria-describedby={`${id}-hint`} />
  </Field>
);

/** Where the experiment stands, and the steps that lead on from there. */
export function Steps({ experiment, arms, readiness }: StepsProps) {
  const { id, name, status, decision, decidedBy, decidedAt, decisionNote } = experiment;
  const live = arms.filter(({ weight }) => weight > 0);
  return (
    <Section
      title={says[status]}
      note={
        status === 'decided'
          ? `${decision === 'none' ? 'It could not tell the arms apart.' : `“${decision}” serves everybody from then on.`} By ${decidedBy}, ${decidedAt ? formatTime(decidedAt) : ''}.${decisionNote ? ` ${decisionNote}` : ''}`
          : undefined
      }
      actions={
        <Allowed to="analyse">
          <div className="flex flex-wrap gap-2">
            {status === 'draft' && (
              <>
                <DatasetLink href={`/experiments/${id}/edit`} className="button button-quiet">
                  Change
                </DatasetLink>
                <Confirm
                  label="Start"
                  busy="Starting…"
                  title={`Start ${name}?`}
                  action={start}
                  fields={{ id }}
                  disabled={readiness.obstacles.length > 0}
                >
                  <p>
                    Shoppers are dealt out to {live.map((arm) => arm.name).join(' and ')} within two seconds. From then
                    on what its figures depend on is locked.
                  </p>
                  {readiness.remarks.map((remark) => (
                    <p key={remark} className="text-sm text-muted">
                      {remark}
                    </p>
                  ))}
                </Confirm>
              </>
            )}
            {(status === 'running' || status === 'stopped') && (
              <DatasetLink href={`/experiments/${id}/edit`} className="button button-quiet">
                New phase
              </DatasetLink>
            )}
            {status === 'running' && (
              <Confirm label="Stop" busy="Stopping…" title={`Stop ${name}?`} action={stop} fields={{ id }}>
                <p>
                  Everybody gets the default again. It goes on in a new phase alone, with shoppers dealt out afresh.
                </p>
                <Note id="stop-note" label="Why" />
              </Confirm>
            )}
            {status === 'stopped' && <Decide id={id} name={name} arms={live} />}
          </div>
        </Allowed>
      }
    >
      {status === 'draft' && readiness.obstacles.length + readiness.remarks.length > 0 && (
        <ul className="space-y-1">
          {readiness.obstacles.map((obstacle) => (
            <li key={obstacle} className="text-bad">
              {obstacle}
            </li>
          ))}
          {readiness.remarks.map((remark) => (
            <li key={remark} className="text-muted">
              {remark}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

/** Which arm everybody gets from then on, and why. */
function Decide({ id, name, arms }: { id: string; name: string; arms: { name: string }[] }) {
  return (
    <Confirm label="Decide" busy="Writing it down…" title={`What came of ${name}?`} action={decide} fields={{ id }}>
      <Field id="decide-arm" label="From now on everybody gets" hint="The arm’s model becomes the dataset’s default.">
        <select
          id="decide-arm"
          name="arm"
          className="input"
          required
          defaultValue=""
          aria-describedby="decide-arm-hint"
        >
          <option value="" disabled>
            Choose
          </option>
          {arms.map((arm) => (
            <option key={arm.name}>{arm.name}</option>
          ))}
          <option value="none">none: it could not tell</option>
        </select>
      </Field>
      <Note id="decide-note" label="Why" />
    </Confirm>
  );
}

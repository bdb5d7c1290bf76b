'use client';

import { Field } from '#components/forms/field.tsx';
import { type Control, useControls } from '#components/forms/use-controls.ts';
import { useZone } from '#components/layout/time.tsx';
import { type ScheduleChoice, weekDays } from '#schedule.ts';

/** One limit of the gate, as the form shows it. */
export interface GateField {
  key: string;
  meaning: string;
  /** Choices; none is a number. */
  choices: string[];
  /** What it is where nothing is written. */
  usual: string;
  value: string;
}

export interface Terms {
  schedule: ScheduleChoice;
  timeZone: string;
  promotion: string;
  gate: GateField[];
}

/** When a registered model is trained, who promotes its versions, and what they must show. */
export function TermsFields({ terms: { schedule, timeZone, promotion, gate } }: { terms: Terms }) {
  const zone = useZone();
  const { values, control } = useControls({
    ...{ when: schedule.kind, time: schedule.time, day: schedule.day, cron: schedule.cron, timeZone, promotion },
    ...Object.fromEntries(gate.map(({ key, value }) => [`gate.${key}`, value])),
  });
  const { when = 'asked' } = values;
  return (
    <>
      <div className="grid gap-5 sm:grid-cols-2 xl:grid-cols-4">
        <Field id="when" label="A new version is made">
          <select {...control('when')}>
            <option value="asked">When somebody asks</option>
            <option value="daily">Every day</option>
            <option value="weekly">Every week</option>
            <option value="cron">By a cron expression</option>
          </select>
        </Field>
        <When when={when} control={control} />
        {when !== 'asked' && (
          <Field id="timeZone" label="Time zone" hint={`Such as Europe/London. Yours is ${zone}.`}>
            <input type="text" required maxLength={64} {...control('timeZone')} />
          </Field>
        )}
        {when === 'asked' && <input type="hidden" name="timeZone" value={timeZone} />}
        <Field
          id="promotion"
          label="What passes the gate"
          hint={values.promotion === 'auto' ? 'Nobody needs to be awake.' : 'It waits on this page.'}
        >
          <select {...control('promotion')}>
            <option value="auto">serves at once</option>
            <option value="ask">waits for a person</option>
          </select>
        </Field>
      </div>
      <GateFields gate={gate} control={control} />
    </>
  );
}

function When({ when, control }: { when: string; control: Control }) {
  return (
    <>
      {when === 'weekly' && (
        <Field id="day" label="On">
          <select {...control('day')}>
            {weekDays.map((day, i) => (
              <option key={day} value={i}>
                {day}
              </option>
            ))}
          </select>
        </Field>
      )}
      {(when === 'daily' || when === 'weekly') && (
        <Field id="time" label="At">
          <input type="time" required {...control('time')} />
        </Field>
      )}
      {when === 'cron' && (
        <Field id="cron" label="Cron" hint="Minute, hour, day of month, month, day of week: 0 3 * * 1-5.">
          <input type="text" required {...control('cron')} className="input font-mono" />
        </Field>
      )}
    </>
  );
}

/** The gate's limits, folded: they are sound as they are. */
function GateFields({ gate, control }: { gate: GateField[]; control: Control }) {
  return (
    <details className="rounded-lg border border-line">
      <summary className="px-4 py-3 font-medium">
        What a new version must show{' '}
        <span className="font-normal text-muted">the gate’s limits; as they come they are sound</span>
      </summary>
      <div className="grid gap-5 border-t border-line p-4 sm:grid-cols-2 xl:grid-cols-4">
        {gate.map(({ key, meaning, choices, usual }) => (
          <Field
            key={key}
            id={`gate.${key}`}
            label={<code className="font-mono">{key}</code>}
            hint={`${meaning}; usually ${usual}`}
          >
            {choices.length > 0 ? (
              <select {...control(`gate.${key}`)}>
                {choices.map((choice) => (
                  <option key={choice}>{choice}</option>
                ))}
              </select>
            ) : (
              <input type="number" min={0} step="any" required {...control(`gate.${key}`)} />
            )}
          </Field>
        ))}
      </div>
    </details>
  );
}

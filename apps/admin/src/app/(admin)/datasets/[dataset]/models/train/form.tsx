'use client';

import { useActionState } from 'react';
import { Field } from '#components/forms/field.tsx';
import { submitting } from '#components/forms/submitting.ts';
import { type Control, useControls } from '#components/forms/use-controls.ts';
import { KindFields } from '#components/models/kind-fields.tsx';
import { train } from '../actions.ts';
import type { Setting } from '../settings.ts';

interface TrainFormProps {
  datasetId: string;
  kinds: { kind: string; title: string; summary: string }[];
  presets: readonly string[];
  /** By kind. */
  settings: Record<string, Setting[]>;
  /** `startingValues['dat/fast'].epochs` */
  startingValues: Record<string, Record<string, string>>;
}

const presetMeanings: Record<string, string> = {
  auto: 'Finds what suits these data: tries a few settings on held-out purchases, and says what it chose and why.',
  paper: 'As published, to the letter.',
  adapted: 'As published, with what does not learn put right: a temperature, no ReLU at the end, a lighter alignment.',
  fast: 'The best found within about a minute of CPU.',
  best: 'The same, trained for longer.',
};

export function TrainForm({ datasetId, kinds, presets, settings, startingValues }: TrainFormProps) {
  const [problem, send, pending] = useActionState(train, undefined);
  const { values, control } = useControls({
    kind: kinds.at(-1)?.kind ?? '',
    preset: 'auto',
    minutes: '10',
    split: 'time:0.8',
    seed: '1',
  });
  const starting = startingValues[`${values.kind}/${values.preset}`] ?? {};
  const fields = settings[values.kind ?? ''] ?? [];
  const changed = fields.filter(({ key }) => values[`set.${key}`]).length;

  return (
    <form onSubmit={submitting(send)} className="space-y-6">
      <input type="hidden" name="datasetId" value={datasetId} />
      <div className="grid gap-5 sm:grid-cols-2 xl:grid-cols-3">
        <KindFields
          label="Model"
          {...{ kinds, presets, values, control }}
          presetHint={presetMeanings[values.preset ?? '']}
        />
        {values.preset === 'auto' && (
          <Field id="minutes" label="Minutes to search" hint="Before the training itself. With 0 rules decide alone.">
            <input type="number" min={0} max={1440} step={1} required {...control('minutes')} />
          </Field>
        )}
        <Field
          id="split"
          label="Held out"
          hint={
            values.split === 'none'
              ? 'The model sees everything, so its quality cannot be measured on this data.'
              : 'The model is trained without these purchases and measured on them.'
          }
        >
          <select {...control('split')}>
            <option value="time:0.8">The last 20% of purchases, by time (time:0.8)</option>
            <option value="leave-last-out">Each shopper’s last purchase (leave-last-out)</option>
            <option value="none">Nothing (none)</option>
          </select>
        </Field>
        <Field id="seed" label="Seed" hint="The same seed gives the same model.">
          <input type="number" min={0} step={1} required {...control('seed')} />
        </Field>
        <Field id="name" label="Name" hint="Left empty, it is named after its kind and preset.">
          <input type="text" maxLength={100} {...control('name')} />
        </Field>
      </div>

      <EverySetting fields={fields} starting={starting} changed={changed} control={control} />

      <p role="alert" className="text-bad empty:hidden">
        {problem}
      </p>
      <button type="submit" disabled={pending} className="button">
        {pending ? 'Queueing…' : 'Train'}
      </button>
    </form>
  );
}

interface EverySettingProps {
  fields: Setting[];
  /** What the preset has, by key. */
  starting: Record<string, string>;
  changed: number;
  control: Control;
}

/** The settings that a preset decides, folded: empty ones stay as it has them. */
function EverySetting({ fields, starting, changed, control }: EverySettingProps) {
  return (
    <details className="rounded-lg border border-line">
      <summary className="px-4 py-3 font-medium">
        Every setting{' '}
        <span className="font-normal text-muted">({changed === 0 ? 'all from the preset' : `${changed} changed`})</span>
      </summary>
      <div className="grid gap-5 border-t border-line p-4 sm:grid-cols-2 xl:grid-cols-3">
        {fields.map(({ key, meaning, type, choices }) => (
          <Field key={key} id={`set.${key}`} label={<code className="font-mono">{key}</code>} hint={meaning}>
            {type === 'choice' ? (
              <select {...control(`set.${key}`)}>
                <option value="">{starting[key]} (preset)</option>
                {choices
                  .filter((choice) => choice !== starting[key])
                  .map((choice) => (
                    <option key={choice}>{choice}</option>
                  ))}
              </select>
            ) : (
              <input
                type="text"
                inputMode={type === 'number' ? 'decimal' : 'text'}
                placeholder={starting[key]}
                {...control(`set.${key}`)}
              />
            )}
          </Field>
        ))}
      </div>
    </details>
  );
}

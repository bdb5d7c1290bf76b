'use client';

import type { ImportOrder } from '@duet/datasets';
import { Field } from '#components/forms/field.tsx';

type Settings = ImportOrder['settings'];

interface WritingProps {
  settings: Settings;
  onSettings: (change: Settings) => void;
  /** Kinds of events that were found, with the weights that they have. */
  events: { event: string; rows: number; weight: number }[];
}

const fields: { key: keyof Settings; label: string; hint: string; placeholder?: string; choices?: string[] }[] = [
  {
    key: 'currency',
    label: 'Currency',
    hint: 'ISO code of all prices; by default the files tell.',
    placeholder: 'EUR',
  },
  { key: 'timeZone', label: 'Time zone', hint: 'Of times that say none.', placeholder: 'Europe/Berlin' },
  {
    key: 'timeFormats',
    label: 'Format of times',
    hint: 'As in strptime, or unix, excel, year, dmy, mdy.',
    placeholder: '%d.%m.%Y',
  },
  { key: 'decimal', label: 'Decimal mark', hint: 'By default each column tells.', choices: ['.', ','] },
  { key: 'delimiter', label: 'Between fields', hint: 'By default the files tell.', placeholder: '; or tab or ::' },
  {
    key: 'encoding',
    label: 'Encoding',
    hint: 'By default the files tell.',
    choices: ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'latin-1'],
  },
  { key: 'minRating', label: 'Least rating', hint: 'Rows with a lower one do not count.', placeholder: '4' },
  {
    key: 'where',
    label: 'Only rows where',
    hint: 'An expression over the columns of the orders or events.',
    placeholder: "status = 'paid'",
  },
];

const shown = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : String(value ?? ''));

/** What somebody wrote, as the settings have it. */
function read(key: keyof Settings, text: string): Settings[keyof Settings] {
  if (text.trim() === '') return undefined;
  if (key === 'timeFormats') return [text.trim()];
  if (key === 'minRating') return Number(text);
  return key === 'currency' ? text.trim().toUpperCase() : text;
}

/** How the files are written and which rows count, folded: what files do not tell by themselves. */
export function Writing({ settings, onSettings, events }: WritingProps) {
  const changed = fields.filter(({ key }) => settings[key] !== undefined).length;
  const weigh = (event: string, text: string) => {
    const usual = Object.fromEntries(events.map((one) => [one.event, one.weight]));
    const weight = Number(text);
    if (text === '' || Number.isNaN(weight) || weight < 0) return;
    onSettings({ eventWeights: { ...usual, ...settings.eventWeights, [event]: weight } });
  };
  return (
    <details className="rounded-xl border border-line bg-surface">
      <summary className="px-5 py-4 font-semibold">
        How the files are written, and what counts{' '}
        <span className="font-normal text-muted">({changed === 0 ? 'as found' : `${changed} said`})</span>
      </summary>
      <div className="grid gap-x-5 gap-y-3 border-t border-line p-5 sm:grid-cols-2 lg:grid-cols-4">
        {fields.map(({ key, label, hint, placeholder, choices }) => {
          const control = {
            id: key,
            className: 'input',
            'aria-describedby': `${key}-hint`,
            onChange: ({ target }: { target: { value: string } }) => onSettings({ [key]: read(key, target.value) }),
          };
          return (
            <Field key={key} id={key} label={label} hint={hint}>
              {choices ? (
                <select {...control} value={shown(settings[key])}>
                  <option value="">As found</option>
                  {choices.map((choice) => (
                    <option key={choice}>{choice}</option>
                  ))}
                </select>
              ) : (
                <input type="text" {...control} defaultValue={shown(settings[key])} placeholder={placeholder} />
              )}
            </Field>
          );
        })}
        {events.map(({ event, rows, weight }) => (
          <Field
            key={event}
            id={`weight.${event}`}
            label={`Weight of “${event}”`}
            hint={`${rows} rows; 0 leaves it out.`}
          >
            <input
              id={`weight.${event}`}
              type="number"
              min={0}
              step="any"
              className="input"
              defaultValue={settings.eventWeights?.[event] ?? weight}
              onChange={({ target }) => weigh(event, target.value)}
            />
          </Field>
        ))}
      </div>
    </details>
  );
}

import { Field } from '#components/forms/field.tsx';
import type { Control } from '#components/forms/use-controls.ts';

interface KindFieldsProps {
  /** What the kinds are called here. */
  label: string;
  kinds: { kind: string; title: string; summary: string }[];
  presets: readonly string[];
  presetHint: string | undefined;
  values: Record<string, string>;
  control: Control;
}

/** What is trained, and by which settings it starts. */
export const KindFields = ({ label, kinds, presets, presetHint, values, control }: KindFieldsProps) => (
  <>
    <Field id="kind" label={label} hint={kinds.find(({ kind }) => kind === values.kind)?.summary}>
      <select {...control('kind')}>
        {kinds.map(({ kind, title }) => (
          <option key={kind} value={kind}>
            {title}
          </option>
        ))}
      </select>
    </Field>
    <Field id="preset" label="Preset" hint={presetHint}>
      <select {...control('preset')}>
        {presets.map((preset) => (
          <option key={preset}>{preset}</option>
        ))}
      </select>
    </Field>
  </>
);

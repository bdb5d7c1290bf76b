import { Field } from '#components/forms/field.tsx';

interface NewPasswordProps {
  /** What a password must be. */
  rule: string;
  isWrong?: boolean;
}

export const NewPassword = ({ rule, isWrong }: NewPasswordProps) => (
  <Field id="password" label="New password" hint={rule}>
    <input
      id="password"
      name="password"
      type="password"
      required
      autoComplete="new-password"
      className="input"
      aria-invalid={isWrong}
      aria-describedby="password-hint"
    />
  </Field>
);

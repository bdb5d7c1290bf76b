'use client';

import { useActionState } from 'react';
import { encode } from 'uqr';
import { Confirm } from '#components/forms/confirm.tsx';
import { Field } from '#components/forms/field.tsx';
import { Once } from '#components/forms/once.tsx';
import { Submit } from '#components/forms/submit.tsx';
import { beginFactor, confirmFactor, endFactor, type FactorState, renewCodes } from './actions.ts';

interface SecondFactorProps {
  /** Whether a code is asked for already. */
  isOn: boolean;
  /** Recovery codes that are left. */
  left: number;
}

/** Turns the second factor on, by an authenticator that reads a QR code and gives its first code, and off. */
export function SecondFactor({ isOn, left }: SecondFactorProps) {
  const [begun, begin] = useActionState(beginFactor, {});
  const [confirmed, confirm] = useActionState(confirmFactor, {});
  if (isOn) return <On left={left} codes={confirmed.codes} />;
  if (begun.uri === undefined) {
    return (
      <form action={begin} className="space-y-4">
        <p>
          An authenticator on your phone shows a new code every 30 seconds. With it, a password that somebody found out
          lets nobody in.
        </p>
        <Problem of={begun} />
        <Submit busy="Setting up…">Set up an authenticator</Submit>
      </form>
    );
  }
  return (
    <form action={confirm} className="grid gap-6 sm:grid-cols-[auto_minmax(0,1fr)]">
      <QrCode text={begun.uri} />
      <div className="space-y-4">
        <p>Read this with your authenticator, then type the code that it shows.</p>
        <p className="text-sm text-muted">
          Or give it this key: <code className="font-mono [overflow-wrap:anywhere] text-ink">{begun.secret}</code>
        </p>
        <Field id="code" label="Code">
          <input
            id="code"
            name="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            placeholder="123456"
            className="input max-w-40 font-mono"
            aria-describedby="code-hint"
          />
        </Field>
        <Problem of={confirmed} />
        <Submit busy="Turning on…">Turn on</Submit>
      </div>
    </form>
  );
}

const Problem = ({ of: { problem } }: { of: FactorState }) => (
  <p role="alert" className="text-sm text-bad empty:hidden">
    {problem}
  </p>
);

function On({ left, codes }: { left: number; codes: string[] | undefined }) {
  const [renewed, renew] = useActionState(renewCodes, {});
  const fresh = renewed.codes ?? codes;
  return (
    <div className="space-y-4">
      <p>
        It is on. {left} recovery {left === 1 ? 'code is' : 'codes are'} left, for when your phone is not at hand.
      </p>
      {fresh && (
        <Once
          key={fresh[0]}
          title="Keep these recovery codes now: they cannot be shown again."
          secret={fresh.join('\n')}
        >
          <p className="mt-3 text-sm text-muted">Each lets you in once in place of a code.</p>
        </Once>
      )}
      <div className="flex flex-wrap gap-2">
        <form action={renew}>
          <Submit busy="Making…" quiet>
            New recovery codes
          </Submit>
        </form>
        <Confirm
          label="Turn off"
          busy="Turning off…"
          title="Turn the second factor off?"
          action={endFactor}
          fields={{}}
          quiet
        >
          <p>Your password alone lets you in then. In other browsers you are logged out.</p>
        </Confirm>
      </div>
    </div>
  );
}

/** Made here: no other server learns the secret. Dark on white in either scheme, as phones want it. */
function QrCode({ text }: { text: string }) {
  const { size, data } = encode(text, { border: 4 });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return (
    <svg
      role="img"
      aria-label="QR code for your authenticator"
      viewBox={`0 0 ${size} ${size}`}
      className="size-52 rounded-lg border border-line"
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="white" />
      <path d={dark.join('')} fill="black" />
    </svg>
  );
}

'use client';

import { type ReactNode, useActionState, useRef } from 'react';
import { Submit } from './submit.tsx';

interface ConfirmProps {
  /** On the button, and on the one that confirms. */
  label: string;
  busy: string;
  title: string;
  /** What will happen, and the form's fields. */
  children: ReactNode;
  action: (before: string | undefined, data: FormData) => Promise<string>;
  /** Sent along, hidden. */
  fields: Record<string, string>;
  /** What it is done to, where several such buttons stand on a page. */
  about?: string;
  quiet?: boolean;
  disabled?: boolean;
}

/** A button whose deed cannot be taken back: it asks first, in a dialog that also says what went wrong. */
export function Confirm({
  label,
  busy,
  title,
  children,
  action,
  fields,
  about,
  quiet = false,
  disabled = false,
}: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, send] = useActionState(async (before: string | undefined, data: FormData) => {
    const answer = await action(before, data);
    if (answer === '') dialog.current?.close();
    return answer;
  }, undefined);
  return (
    <>
      <button
        type="button"
        disabled={disabled}
        aria-label={about && `${label} ${about}`}
        className={`button ${quiet ? 'button-quiet' : ''}`}
        onClick={() => dialog.current?.showModal()}
      >
        {label}
      </button>
      <dialog
        ref={dialog}
        aria-label={title}
        className="m-auto w-[min(32rem,calc(100vw-2rem))] rounded-xl border border-line bg-surface p-6 text-left text-base font-normal whitespace-normal text-ink backdrop:bg-black/40"
      >
        <form action={send} className="space-y-4">
          <h2 className="text-lg font-semibold">{title}</h2>
          {Object.entries(fields).map(([name, value]) => (
            <input key={name} type="hidden" name={name} value={value} />
          ))}
          {children}
          <p role="alert" className="text-sm text-bad empty:hidden">
            {problem}
          </p>
          <div className="flex flex-wrap gap-2">
            <Submit busy={busy}>{label}</Submit>
            <button type="button" className="button button-quiet" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}

import { type FormEvent, startTransition } from 'react';

/**
 * Sends a form to its action. Not by the form's `action`: React would reset the form after it, and what was chosen or
 * refused would be lost.
 *
 * @param complete adds what the fields do not say themselves
 */
export const submitting =
  (send: (data: FormData) => void, complete?: (data: FormData) => void) =>
  (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    complete?.(data);
    startTransition(() => send(data));
  };

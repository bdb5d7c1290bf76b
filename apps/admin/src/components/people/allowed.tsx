'use client';

import type { Permission } from '@duet/db/people';
import { createContext, type ReactNode, use } from 'react';
import { needOf } from '#permissions.ts';

/** What the person who looks may not do, with the sentence that says so. */
export type Refusals = Partial<Record<Permission, string>>;

const Refused = createContext<Refusals>({});

/** Tells every part of a page what the person who looks may not do. */
export const PersonContext = ({ refusals, children }: { refusals: Refusals; children: ReactNode }) => (
  <Refused value={refusals}>{children}</Refused>
);

/** What the person who looks may not do. */
export const useRefusals = (): Refusals => use(Refused);

interface AllowedProps {
  to: Permission;
  /** Says why there is nothing, where its absence would be missed; otherwise it is left out silently. */
  explain?: boolean;
  children: ReactNode;
}

/** What is offered to those alone whose role may do it. The server refuses it to others in any case. */
export function Allowed({ to, explain = false, children }: AllowedProps) {
  const refusal = use(Refused)[to];
  if (refusal === undefined) return children;
  return explain && <p className="text-sm text-muted">{refusal}</p>;
}

interface EditableByProps {
  to: Permission;
  children: ReactNode;
}

/** What everybody may look at, and those alone may change whose role may: to others its controls are off, with why. */
export function EditableBy({ to, children }: EditableByProps) {
  const refusal = use(Refused)[to];
  if (refusal === undefined) return children;
  return (
    <fieldset disabled className="min-w-0">
      <p className="mb-3 px-5 pt-1 text-sm text-muted">{refusal}</p>
      {children}
    </fieldset>
  );
}

/** Whether an address is refused to the person who looks. */
export function useIsRefused(pathname: string): boolean {
  const need = needOf(pathname);
  return need !== 'open' && use(Refused)[need] !== undefined;
}

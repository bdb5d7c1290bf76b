import type { ReactNode } from 'react';
import { shopAs } from '../app/shoppers/actions.ts';

/** A button that goes on as a customer, or as a new visitor where no customer is named. */
export function ShopAsForm(props: { userId?: string; className: string; children: ReactNode }) {
  return (
    <form action={shopAs}>
      {props.userId !== undefined && <input type="hidden" name="userId" value={props.userId} />}
      <button type="submit" className={props.className}>
        {props.children}
      </button>
    </form>
  );
}

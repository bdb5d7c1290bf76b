'use server';

import { redirect } from 'next/navigation';
import { userIdSchema } from '../../server/requests.ts';
import { newVisitorId, rememberShopper } from '../../server/session.ts';

/** Begins to shop as a customer, or as a new visitor where the form names none. */
export async function shopAs(form: FormData): Promise<void> {
  const asked = form.get('userId');
  const userId = asked === null ? newVisitorId() : userIdSchema.safeParse(asked).data;
  if (userId === undefined) redirect('/shoppers');
  await rememberShopper(userId);
  redirect('/');
}

import { cookies } from 'next/headers';
import { userIdSchema } from './requests.ts';

const cookieName = 'duet_shopper';

/**
 * Who is shopping. Here anybody may pick any customer, because that is what the demo is for: a real shop returns the id
 * of the customer who is logged in, and for everybody else a random id kept in a cookie, as `startVisit` makes it.
 */
export async function currentShopper(): Promise<string | undefined> {
  const jar = await cookies();
  return userIdSchema.safeParse(jar.get(cookieName)?.value).data;
}

/** Remembers the shopper for 180 days. Call from a server action or a route handler. */
export async function rememberShopper(userId: string): Promise<void> {
  const jar = await cookies();
  jar.set(cookieName, userId, { httpOnly: true, sameSite: 'lax', path: '/', maxAge: 180 * 86_400 });
}

export const newVisitorId = () => `visitor-${crypto.randomUUID()}`;

/** How the shop calls somebody. */
export const shopperLabel = (userId: string) => (userId.startsWith('visitor-') ? 'New visitor' : `Customer ${userId}`);

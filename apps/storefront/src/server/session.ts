import { signVisitor } from '@duet/client';
import { cookies } from 'next/headers';
import { userIdSchema } from './requests.ts';
import { settings } from './settings.ts';

/** Keeps who is shopping for 180 days. */
export const shopperCookie = {
  name: 'duet_shopper',
  options: { httpOnly: true, sameSite: 'lax', path: '/', maxAge: 180 * 86_400 },
} as const;

/** The shopper in a request's cookies; undefined where there is none that could be one. */
export const shopperIn = (jar: { get(name: string): { value: string } | undefined }): string | undefined =>
  userIdSchema.safeParse(jar.get(shopperCookie.name)?.value).data;

/**
 * Who is shopping: undefined for a caller of the shop's API without a session. Here anybody may pick any customer,
 * because that is what the demo is for: a real shop returns the id of the customer who is logged in, and for everybody
 * else a random id kept in a cookie.
 */
export const currentShopper = async (): Promise<string | undefined> => shopperIn(await cookies());

/** Who a page is made for: src/proxy.ts has made everybody somebody before a page is asked. */
export const pageShopper = async (): Promise<string> => (await currentShopper()) ?? newVisitorId();

/**
 * The shopper's id as pages send it to Duet: signed here, so that no page can say that it is somebody else's. Undefined
 * where the shop has no signing secret: Duet then makes an id of its own at the first call.
 */
export async function signedShopper(userId: string): Promise<string | undefined> {
  const { signingSecret } = settings();
  return signingSecret === undefined ? undefined : signVisitor(signingSecret, userId);
}

/** Remembers the shopper. Call from a server action or a route handler. */
export async function rememberShopper(userId: string): Promise<void> {
  (await cookies()).set(shopperCookie.name, userId, shopperCookie.options);
}

export const newVisitorId = () => `visitor-${crypto.randomUUID()}`;

export const isVisitor = (userId: string) => userId.startsWith('visitor-');

/** How the shop calls somebody. */
export const shopperLabel = (userId: string) => (isVisitor(userId) ? 'Visitor' : `Customer ${userId}`);

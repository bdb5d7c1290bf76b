import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Apart from the signatures of visitors, which are made with the secret itself. */
const keyOf = (secret: string): Buffer => createHmac('sha256', secret).update('request ids').digest();

/** Half of the id, which says of the other half and the user that this service made it. */
function macOf(secret: string, random: Buffer, userId: string): Buffer {
  const mac = createHmac('sha256', keyOf(secret)).update(random).update(userId).digest().subarray(0, 8);
  mac[0] = (mac[0]! & 0x3f) | 0x80; // The variant of RFC 9562.
  return mac;
}

/**
 * A request's id, a UUID of version 8 (RFC 9562, section 5.8): 60 random bits, then a signature of them and of whom the
 * request was answered to.
 *
 * @param secret the dataset's signing secret
 * @param userId '' for nobody
 */
export function newRequestId(secret: string, userId: string): string {
  const random = randomBytes(8);
  random[6] = (random[6]! & 0x0f) | 0x80;
  const hex = Buffer.concat([random, macOf(secret, random, userId)]).toString('hex');
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
}

/** Whether a request of this id was answered to a user, or to nobody in particular. */
export function isAnsweredTo(secret: string, requestId: string, userId: string): boolean {
  const bytes = Buffer.from(requestId.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) return false;
  const [random, mac] = [bytes.subarray(0, 8), bytes.subarray(8)];
  return [userId, ''].some((id) => timingSafeEqual(mac, macOf(secret, random, id)));
}

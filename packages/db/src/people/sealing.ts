import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { DuetError } from '@duet/base';

const keyOf = (secret: string) => Buffer.from(hkdfSync('sha256', secret, '', 'duet people', 32));

/** AES-256-GCM: who reads the database alone, or a dump of it, does not read this. */
export function seal(text: string, secret: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret), nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** @throws DuetError `corrupt` where it was sealed with another secret, or changed */
export function unseal(sealed: string, secret: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(secret), bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new DuetError('corrupt', 'A second factor was sealed with another key than the data folder’s.', {
      where: { file: 'keys/people.key' },
      fix: 'Restore that file, or end the second factor: npx duet people reset E-MAIL --second-factor.',
      cause,
    });
  }
}

import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { DuetError } from '@duet/base';

const leastLength = 12;
const mostLength = 256;
/** Of zxcvbn's five, from 0: about 10^8 guesses, beyond what can be tried offline against scrypt in a short time. */
const leastScore = 3;

/** In words, for forms. */
export const passwordRule = `At least ${leastLength} characters that nobody guesses: a few words at random are best.`;

/**
 * Makes sure that a password is long, and is none that is tried first (NIST SP 800-63B, 3.1.1.2).
 *
 * @param known what others know of whose it is: name, e-mail
 * @throws DuetError `bad-input`
 */
export async function requireGoodPassword(password: string, known: readonly string[]): Promise<void> {
  const refuse = (what: string) => {
    throw new DuetError('bad-input', what, { fix: passwordRule });
  };
  if (password.length < leastLength) refuse(`The password has ${password.length} characters.`);
  if (password.length > mostLength) refuse(`The password has more than ${mostLength} characters.`);
  // Its dictionaries take a third of a second to load, and few processes ever need them.
  const [{ ZxcvbnFactory }, { adjacencyGraphs, dictionary }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ]);
  const words = known.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)]).filter((word) => word.length > 2);
  const { score } = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs }).check(password, [...words, 'duet']);
  if (score < leastScore) refuse('The password is one that is guessed soon.');
}

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** 32 MiB and about 100 ms: OWASP's password storage cheat sheet, scrypt. */
const cost = { N: 2 ** 15, r: 8, p: 3 };
const keyBytes = 32;
const maxmem = 64 * 2 ** 20;

/** What is kept of a password: scrypt, its cost, a salt of its own, and the key. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password.normalize('NFKC'), salt, keyBytes, { ...cost, maxmem });
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Of nobody's password. */
const nobodys = ['scrypt', cost.N, cost.r, cost.p, 'AAAAAAAAAAAAAAAAAAAAAA', 'A'.repeat(43)].join('$');

/** Whether a hash is of this password. It takes as long where there is no hash. */
export async function isPassword(password: string, hash: string | null): Promise<boolean> {
  const [, N, r, p, salt, key] = (hash ?? nobodys).split('$');
  const options = { N: Number(N), r: Number(r), p: Number(p), maxmem };
  const given = await derive(password.normalize('NFKC'), Buffer.from(salt!, 'base64url'), keyBytes, options);
  return timingSafeEqual(given, Buffer.from(key!, 'base64url')) && hash !== null;
}

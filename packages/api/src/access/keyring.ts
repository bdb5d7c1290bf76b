import { DuetError, type Logger, networkOf } from '@duet/base';
import {
  type Database,
  isApiKey,
  noteKeyUse,
  publishableOrigins,
  signingSecrets,
  type VerifiedApiKey,
  verifyApiKey,
  workingApiKeys,
} from '@duet/db';
import { createRateLimiter } from './limits.ts';

/** Keys in use are read again this often, beside requests: a revoked one is refused within twice this time. */
const refreshMs = 1_000;
/** Without its database the service goes on answering the keys that it knows, for this long. */
const trustMs = 10 * 60_000;
/** A look-up that a request waits for takes no longer. */
const lookUpMs = 800;
/** Keys in use that are remembered. */
const rememberedKeys = 1_000;
/** A key that is none is refused without a look-up for this long. */
const refusedMs = 5_000;
const rememberedRefusals = 10_000;
/** Look-ups of unknown keys, from one address and from all. */
const addressRate = { perSecond: 5, burst: 20 };
const allRate = { perSecond: 50, burst: 200 };

/** API keys and signing secrets in memory, in step with the database beside requests. */
export interface Keyring extends AsyncDisposable {
  /**
   * Who a key lets in; undefined for one that is unknown or revoked. A key in use is answered at once.
   *
   * @param address of the caller, who may not have any number of unknown keys looked up
   * @throws DuetError `unavailable` where the database does not answer, or too many unknown keys were tried
   */
  check(key: string, address: string): VerifiedApiKey | undefined | Promise<VerifiedApiKey | undefined>;
  /** What a dataset's visitors are signed with; undefined until it has been read. */
  secretOf(datasetId: string): string | undefined;
  /** Whether a publishable key is for pages of this origin. */
  hasOrigin(origin: string): boolean;
  /** Reads what is remembered again. */
  refresh(): Promise<void>;
  /**
   * What `work` with the database comes to. It is not waited for where the database hangs: requests that do would pile
   * up until those that need no database are refused as well.
   *
   * @throws DuetError `unavailable`
   */
  whileAnswering<T>(work: () => Promise<T>): Promise<T>;
}

interface KnownKey {
  caller: VerifiedApiKey;
  /** When it was last found good. */
  at: number;
  /** When it was last used. */
  usedAt: number;
}

interface Options {
  logger?: Pick<Logger, 'warn'>;
  now?: () => number;
}

/** @param db whose connections nothing else should hold for long: a hanging query would hold up the keys */
export async function openKeyring(db: Database, options: Options = {}): Promise<Keyring> {
  const keyring = new DatabaseKeyring(db, options);
  await keyring.refresh().catch((err) => {
    // Read again in a second; until then each key is looked up.
    options.logger?.warn({ err }, 'keys could not be read');
  });
  keyring.start();
  return keyring;
}

class DatabaseKeyring implements Keyring {
  #db: Database;
  #now: () => number;
  #logger: Options['logger'];
  #known = new Map<string, KnownKey>(); // in order of last use
  #refused = new Map<string, number>();
  #lookUps = new Map<string, Promise<VerifiedApiKey | undefined>>();
  #origins = new Set<string>();
  #secrets = new Map<string, string>();
  #take: ReturnType<typeof createRateLimiter>;
  #refreshing: Promise<void> | undefined;
  #failed = false;
  /** Those who wait for the database; undefined while it does not answer. */
  #waiting: Set<(error: DuetError) => void> | undefined = new Set();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(db: Database, { logger, now = Date.now }: Options) {
    this.#db = db;
    this.#logger = logger;
    this.#now = now;
    this.#take = createRateLimiter(now);
  }

  start(): void {
    this.#timer = setInterval(() => {
      void this.#probe();
      this.refresh().then(
        () => {
          this.#failed = false;
        },
        (err) => {
          if (!this.#failed) this.#logger?.warn({ err }, 'keys could not be read again; known ones still work');
          this.#failed = true;
        },
      );
    }, refreshMs).unref();
  }

  /** Asks the database for nothing, to see whether it answers. */
  async #probe(): Promise<void> {
    try {
      await withinMs(lookUpMs, this.#db.pool.query('SELECT 1'));
      this.#waiting ??= new Set();
    } catch {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      for (const giveUp of waiting ?? []) giveUp(noAnswer());
    }
  }

  async whileAnswering<T>(work: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting;
    if (waiting === undefined) throw noAnswer();
    const { promise: silence, reject } = Promise.withResolvers<never>();
    waiting.add(reject);
    const worked = work();
    worked.catch(() => {
      // It may still fail once nobody waits for it.
    });
    try {
      return await Promise.race([worked, silence]);
    } finally {
      waiting.delete(reject);
    }
  }

  check(key: string, address: string): VerifiedApiKey | undefined | Promise<VerifiedApiKey | undefined> {
    const known = this.#known.get(key);
    const now = this.#now();
    if (known !== undefined && now - known.at < trustMs) {
      known.usedAt = now;
      return known.caller;
    }
    if (!isApiKey(key) || now < (this.#refused.get(key) ?? 0)) return undefined;
    return this.#lookUps.get(key) ?? this.#lookUp(key, address);
  }

  #lookUp(key: string, address: string): Promise<VerifiedApiKey | undefined> {
    const taken = this.#take(`address ${networkOf(address)}`, addressRate);
    const all = taken.allowed ? this.#take('all', allRate) : taken;
    if (!all.allowed) {
      const message = `Too many unknown API keys were tried. Try again in ${all.retryAfterSeconds} s.`;
      return Promise.reject(new DuetError('unavailable', message));
    }
    const lookUp = this.#verify(key).finally(() => this.#lookUps.delete(key));
    this.#lookUps.set(key, lookUp);
    return lookUp;
  }

  async #verify(key: string): Promise<VerifiedApiKey | undefined> {
    const at = this.#now();
    const caller = await withinMs(lookUpMs, verifyApiKey(this.#db, key));
    this.#known.delete(key);
    if (caller === undefined) {
      if (this.#refused.size >= rememberedRefusals) this.#refused.delete(this.#refused.keys().next().value!);
      this.#refused.set(key, this.#now() + refusedMs);
      return undefined;
    }
    if (this.#known.size >= rememberedKeys) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, { caller, at, usedAt: at });
    if (caller.datasetId !== null && !this.#secrets.has(caller.datasetId)) await withinMs(lookUpMs, this.refresh());
    return caller;
  }

  secretOf(datasetId: string): string | undefined {
    return this.#secrets.get(datasetId);
  }

  hasOrigin(origin: string): boolean {
    return this.#origins.has(origin);
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #read(): Promise<void> {
    const at = this.#now();
    const remembered = [...this.#known];
    const ids = remembered.map(([, { caller }]) => caller.id);
    this.#origins = await publishableOrigins(this.#db);
    this.#secrets = await signingSecrets(this.#db);
    const working = await workingApiKeys(this.#db, ids);
    for (const [key, known] of remembered) {
      const caller = working.get(known.caller.id);
      if (caller === undefined || at - known.usedAt > trustMs) this.#known.delete(key);
      else Object.assign(known, { caller, at });
    }
    for (const [key, until] of this.#refused) if (until <= at) this.#refused.delete(key);
    const used = remembered.filter(([, { usedAt }]) => at - usedAt < 2 * refreshMs).map(([, { caller }]) => caller.id);
    // A database that takes no writes, as with a full disk, is no reason to refuse a key.
    if (used.length > 0)
      await noteKeyUse(this.#db, used).catch((err) =>
        this.#logger?.warn({ err }, 'a key’s last use could not be kept'),
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#refreshing?.catch(() => {});
  }
}

const noAnswer = () => new DuetError('unavailable', 'The database does not answer. Try again.');

/** @throws DuetError `unavailable` where the time is up */
async function withinMs<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  // An answer that lies there, unread since this process was busy, is read first.
  const timer = setTimeout(() => setImmediate(() => reject(noAnswer())), ms);
  work.catch(() => {
    // It may still fail once nobody waits for it.
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

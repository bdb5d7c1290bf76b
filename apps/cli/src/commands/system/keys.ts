import { DuetError } from '@duet/base';
import type { ApiScope, Database, ListedApiKey } from '@duet/db';
import type { Command } from 'commander';
import { minute, table } from '../../answer.ts';
import { actor, job } from '../../context.ts';
import { findDataset } from '../../find.ts';
import { readInteger } from '../../options.ts';

interface CreateOptions {
  name: string;
  dataset?: string;
  publishable?: boolean;
  origin: string[];
  scope: string[];
  rate?: number;
  burst?: number;
}

const collect = (text: string, before: string[]): string[] => [...before, ...text.split(',')];

const shown = (key: ListedApiKey) => [
  key.id,
  key.name,
  `${key.prefix}…`,
  key.kind,
  key.dataset ?? 'every dataset',
  key.scopes.join(', '),
  key.rateLimit === null ? 'default' : `${key.rateLimit}/s`,
  minute(key.lastUsedAt),
  key.revokedAt === null ? 'works' : `revoked ${minute(key.revokedAt)}`,
];

/** Scopes of what concerns a dataset; the others are of the service. */
const ofDataset: readonly string[] = ['retrieve', 'customers', 'events', 'orders', 'simulate'];

/** @throws DuetError `not-found`; `conflict` where several that work have the name */
async function findKey(db: Database, named: string): Promise<ListedApiKey> {
  const { listApiKeys } = await import('@duet/db');
  const keys = await listApiKeys(db);
  const found = keys.filter(({ id, name, prefix, revokedAt }) =>
    [id, prefix].includes(named) ? true : name === named && revokedAt === null,
  );
  const fix = 'npx duet keys list lists them.';
  if (found.length === 0) throw new DuetError('not-found', `There is no API key "${named}" that works.`, { fix });
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(', ');
    throw new DuetError('conflict', `${found.length} API keys are called "${named}".`, {
      fix: `Name one by id: ${ids}.`,
    });
  }
  return found[0]!;
}

/** `duet keys list|create|revoke|signing-secret` */
export function keysCommand(program: Command): void {
  const group = program.command('keys').description('API keys of the retrieval service: list, create, revoke');
  group.addHelpText('after', '\nExample:\n  $ npx duet keys create --name till --scope retrieve,events,orders');

  job(group.command('list').description('all keys, the newest first'), 'keys list', async ({ database }) => {
    const { listApiKeys } = await import('@duet/db');
    const keys = await listApiKeys(await database());
    const headings = ['key', 'name', 'begins', 'kind', 'dataset', 'scopes', 'rate', 'last used (UTC)', 'state'];
    return { json: { keys }, text: table(headings, keys.map(shown)) };
  });

  job<CreateOptions>(
    group
      .command('create')
      .description('make a key, which is shown this once')
      .requiredOption('--name <name>', 'whose it is')
      .option('--dataset <name>', 'whose data it reads and writes; the only dataset where there is one')
      .option('--publishable', 'for a shop’s pages, where everybody can read it: retrieve and events of their visitor')
      .option('--origin <origins>', 'pages that may use a publishable key: https://shop.example', collect, [])
      .option(
        '--scope <scopes>',
        'what it allows: retrieve, customers, events, orders, write, privacy, metrics, admin, simulate',
        collect,
        [],
      )
      .option('--rate <n>', 'requests a second, on average (DUET_RATE_LIMIT)', readInteger)
      .option('--burst <n>', 'requests at once (DUET_RATE_BURST)', readInteger),
    'keys create --name shop --publishable --origin https://shop.example --scope retrieve,events',
    async ({ database }, { name, dataset, publishable = false, origin, scope, rate, burst }) => {
      const { createApiKey } = await import('@duet/db');
      const db = await database();
      const isOfDataset = dataset !== undefined || scope.some((one) => ofDataset.includes(one));
      const { id, key } = await createApiKey(
        db,
        {
          name,
          kind: publishable ? 'publishable' : 'secret',
          datasetId: isOfDataset ? (await findDataset(db, dataset)).id : null,
          scopes: scope as ApiScope[],
          origins: origin,
          rateLimit: rate,
          rateBurst: burst,
        },
        { actor: actor() },
      );
      return {
        json: { id, key },
        text: `${key}\nKeep it now: only its SHA-256 is stored, so it cannot be shown again.`,
      };
    },
  );

  job<{ key: string }>(
    group
      .command('revoke')
      .description('end a key: it is refused within two seconds, for good')
      .requiredOption('--key <key>', 'its id, how it begins (as keys list shows it), or its name'),
    'keys revoke --key shop',
    async ({ database }, { key }) => {
      const { revokeApiKey } = await import('@duet/db');
      const db = await database();
      const { id, name } = await findKey(db, key);
      await revokeApiKey(db, id, { actor: actor() });
      return { json: { id, revoked: true }, text: `Revoked "${name}" (${id}).` };
    },
  );

  job<{ dataset?: string }>(
    group
      .command('signing-secret')
      .description('what a shop’s server signs its visitors’ ids with (signVisitor), for pages with a publishable key')
      .option('--dataset <name>', 'the only dataset where there is one'),
    'keys signing-secret --dataset online-retail',
    async ({ database }, { dataset }) => {
      const { signingSecret } = await import('@duet/db');
      const db = await database();
      const { id, name } = await findDataset(db, dataset);
      const secret = await signingSecret(db, id);
      return { json: { dataset: name, secret }, text: secret };
    },
  );
}

import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';
import type { ListedAccount, NewLink } from '@duet/db/people';
import type { Command } from 'commander';
import { minute, table } from '../../answer.ts';
import { actor, type Context, job } from '../../context.ts';
import { addressOf } from '../../start/apps.ts';

const shown = ({ email, name, role, state, byOidc, secondFactor, lastSeenAt, keys }: ListedAccount) => [
  ...[email, name, role, state, byOidc ? 'provider' : secondFactor ? 'password and code' : 'password'],
  ...[minute(lastSeenAt), keys],
];

/** @throws DuetError `not-found` */
async function findAccount(db: Database, email: string): Promise<ListedAccount> {
  const { listAccounts } = await import('@duet/db/people');
  const found = (await listAccounts(db)).find((account) => account.email === email.trim().toLowerCase());
  if (found !== undefined) return found;
  throw new DuetError('not-found', `There is no account ${email}.`, { fix: 'npx duet people list shows all.' });
}

async function linkAnswer({ config }: Context, link: NewLink) {
  const { pathOf } = await import('@duet/db/people');
  const url = `${(config.adminUrl ?? addressOf(config, 'admin')).replace(/\/+$/, '')}${pathOf(link)}`;
  const until = `It works once, until ${minute(link.expiresAt)} UTC, and cannot be shown again.`;
  return { json: { link: url, expiresAt: link.expiresAt }, text: `${url}\n${until}` };
}

/** `duet people list|invite|role|disable|enable|reset|remove` */
export function peopleCommand(program: Command): void {
  const group = program.command('people').description('who may use the admin, and what they may do there');
  group.addHelpText('after', '\nExample:\n  $ npx duet people invite ann@shop.example --name Ann --role analyst');

  job(group.command('list').description('everybody, with their role'), 'people list', async ({ database }) => {
    const { listAccounts } = await import('@duet/db/people');
    const people = await listAccounts(await database());
    const headings = ['e-mail', 'name', 'role', 'state', 'logs in by', 'last seen (UTC)', 'keys'];
    return { json: { people }, text: table(headings, people.map(shown)) };
  });

  job<{ name?: string; role: string }>(
    group
      .command('invite')
      .description('make an account, and a link by which somebody takes it, which is shown this once')
      .argument('<email>', 'what they log in with')
      .option('--name <name>', 'what they are called; they may change it')
      .option('--role <role>', 'viewer, merchandiser, analyst or admin', 'viewer'),
    'people invite ann@shop.example --name Ann --role analyst',
    async (context, { name, role }, { args: [email = ''] }) => {
      const { invite } = await import('@duet/db/people');
      const asked = { email, name: name ?? email.split('@')[0]!, role: role as ListedAccount['role'] };
      return linkAnswer(context, await invite(await context.database(), asked, { actor: actor() }));
    },
  );

  job(
    group
      .command('role')
      .description('give somebody another role; they log in again')
      .argument('<email>')
      .argument('<role>', 'viewer, merchandiser, analyst or admin'),
    'people role ann@shop.example merchandiser',
    async ({ database }, _, { args: [email = '', role = ''] }) => {
      const { changeRole } = await import('@duet/db/people');
      const db = await database();
      const { id } = await findAccount(db, email);
      const changed = await changeRole(db, id, role as ListedAccount['role'], { actor: actor() });
      return { json: { id, role: changed.role }, text: `${changed.email} is ${changed.role}.` };
    },
  );

  for (const name of ['disable', 'enable'] as const) {
    const disabled = name === 'disable';
    job(
      group
        .command(name)
        .description(disabled ? 'log somebody out and keep them out' : 'let somebody in again')
        .argument('<email>'),
      `people ${name} ann@shop.example`,
      async ({ database }, _, { args: [email = ''] }) => {
        const { disableAccount } = await import('@duet/db/people');
        const db = await database();
        const { id } = await findAccount(db, email);
        await disableAccount(db, id, disabled, { actor: actor() });
        return { json: { id, disabled }, text: `${email} ${disabled ? 'is kept out' : 'may log in again'}.` };
      },
    );
  }

  job<{ secondFactor?: boolean }>(
    group
      .command('reset')
      .description('a link by which somebody chooses a new password, which is shown this once')
      .argument('<email>')
      .option('--second-factor', 'also end their second factor, where phone and recovery codes are lost'),
    'people reset ann@shop.example --second-factor',
    async (context, { secondFactor = false }, { args: [email = ''] }) => {
      const { endSecondFactor, resetLink } = await import('@duet/db/people');
      const db = await context.database();
      const { id } = await findAccount(db, email);
      if (secondFactor) await endSecondFactor(db, id, { actor: actor() });
      return linkAnswer(context, await resetLink(db, id, { actor: actor() }));
    },
  );

  job<{ revokeKeys?: boolean; yes?: boolean }>(
    group
      .command('remove')
      .description('remove an account for good; what it changed stays in the log of changes')
      .argument('<email>')
      .option('--revoke-keys', 'revoke the API keys that they made; otherwise those go on')
      .option('--yes', 'do it'),
    'people remove ann@shop.example --yes',
    async ({ database }, { revokeKeys = false, yes = false }, { args: [email = ''] }) => {
      const { removeAccount } = await import('@duet/db/people');
      const db = await database();
      const { id, keys } = await findAccount(db, email);
      if (!yes) {
        const remainingKeys = keys > 0 && !revokeKeys ? `, and the ${keys} API keys that they made go on` : '';
        throw new DuetError('bad-input', `This removes ${email} for good${remainingKeys}.`, { fix: 'Say --yes.' });
      }
      await removeAccount(db, id, { revokeKeys }, { actor: actor() });
      return { json: { id, removed: true }, text: `Removed ${email}.` };
    },
  );
}

import type { Command } from 'commander';
import { minute, table } from '../../answer.ts';
import { actor, job } from '../../context.ts';
import { findDataset } from '../../find.ts';
import { collect } from '../../options.ts';

/** `duet alerts`: what a person was told, and where it is sent. */
export function alertsCommand(program: Command): void {
  const group = program.command('alerts').description('what needs a person, and where it is sent');
  listCommand(group);
  destinationsCommand(group);
  addCommand(group);
  testCommand(group);
  removeCommand(group);
}

function listCommand(group: Command): void {
  const list = group
    .command('list', { isDefault: true })
    .description('the alerts of a dataset, the newest first')
    .option('--dataset <name>', 'name or id of the dataset; may be left out where there is only one');
  job<{ dataset?: string }>(list, 'alerts list --dataset online-retail', async ({ database }, { dataset: named }) => {
    const { listAlerts } = await import('@duet/pipeline/control');
    const db = await database();
    const dataset = await findDataset(db, named);
    const alerts = await listAlerts(db, dataset.id);
    const rows = alerts.map(({ createdAt, closedAt, kind, sentence, deliveredAt, lastError }) => [
      ...[minute(createdAt), closedAt === null ? 'open' : 'over', kind, sentence],
      deliveredAt === null ? (lastError ?? 'waits') : minute(deliveredAt),
    ]);
    return {
      json: { dataset: dataset.name, alerts },
      text: rows.length === 0 ? 'There were no alerts.' : table(['since', '', 'kind', 'what', 'delivered'], rows),
    };
  });
}

function destinationsCommand(group: Command): void {
  const list = group.command('destinations').description('where alerts are sent');
  job(list, 'alerts destinations', async ({ database }) => {
    const { listDestinations } = await import('@duet/pipeline/control');
    const destinations = await listDestinations(await database());
    const rows = destinations.map(({ name, host, kinds }) => [name, host, kinds.join(', ') || 'every kind']);
    return {
      json: { destinations },
      text: rows.length === 0 ? 'Alerts are sent nowhere.' : table(['name', 'host', 'kinds'], rows),
    };
  });
}

function addCommand(group: Command): void {
  const add = group
    .command('add')
    .description('send alerts to a URL by signed POST; the secret of the signature is shown once')
    .requiredOption('--name <name>', 'what it is called')
    .requiredOption('--url <url>', 'such as the incoming webhook of a chat')
    .option('--kind <kind>', 'only alerts of this kind; may be repeated', collect, [])
    .option('--dataset <name>', 'only alerts of this dataset');
  job<{ name: string; url: string; kind: string[]; dataset?: string }>(
    add,
    'alerts add --name shop-chat --url http://127.0.0.1:9/hook --kind data-stopped',
    async ({ database }, { name, url, kind, dataset }) => {
      const { addDestination } = await import('@duet/pipeline/control');
      const db = await database();
      const datasetId = dataset === undefined ? null : (await findDataset(db, dataset)).id;
      const input = { name, url, kinds: kind as never, datasetId };
      const { secret } = await addDestination(db, input, { actor: actor() });
      return {
        json: { name, secret },
        text: `Alerts are sent to "${name}". Signatures are made with this secret, which is not shown again:\n${secret}`,
      };
    },
  );
}

function testCommand(group: Command): void {
  const test = group
    .command('test')
    .description('send a destination an alert now, to see that it comes')
    .requiredOption('--name <name>', 'of the destination');
  job<{ name: string }>(test, 'alerts test --name shop-chat', async ({ database }, { name }) => {
    const { tryDestination } = await import('@duet/pipeline/control');
    await tryDestination(await database(), name, { actor: actor() });
    return { json: { name }, text: `"${name}" took it.` };
  });
}

function removeCommand(group: Command): void {
  const remove = group
    .command('remove')
    .description('send alerts there no more')
    .requiredOption('--name <name>', 'of the destination');
  job<{ name: string }>(remove, 'alerts remove --name shop-chat', async ({ database }, { name }) => {
    const { removeDestination } = await import('@duet/pipeline/control');
    await removeDestination(await database(), name, { actor: actor() });
    return { json: { name }, text: `Alerts are not sent to "${name}" any more.` };
  });
}

import { DuetError } from '@duet/base';
import { type Author, type Database, type RegisteredModel, writeAudit } from '@duet/db';
import { keysOfRefresh, settle } from '../alerts/alerts.ts';
import { holdRefresh } from '../refresh/cut.ts';

/**
 * Deletes a registered model: its schedule, its runs and the list of its champions. What it trained stays, as models of
 * no name.
 *
 * @throws DuetError `conflict` where it is deployed, an experiment's arm follows it, or it is being refreshed
 */
export async function unregisterModel(
  db: Database,
  { id, name }: Pick<RegisteredModel, 'id' | 'name'>,
  author: Author = {},
): Promise<void> {
  await using _held = await holdRefresh(db, id);
  await db.prisma.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "RegisteredModel" WHERE "id" = ${id}::uuid FOR UPDATE`;
    const [deployment, arm] = [
      await tx.deployment.findFirst({ where: { registeredModelId: id } }),
      await tx.arm.findFirst({ where: { registeredModelId: id }, include: { experiment: true } }),
    ];
    const use =
      deployment !== null
        ? `is deployed ${deployment.placement === '' ? 'everywhere' : `at ${deployment.placement}`}`
        : arm && `is followed by the arm "${arm.name}" of "${arm.experiment.name}"`;
    if (use !== null) {
      throw new DuetError('conflict', `"${name}" ${use}: it cannot go.`, {
        fix: 'Deploy another model there, or remove the experiment, first.',
      });
    }
    await tx.model.updateMany({ where: { registeredModelId: id }, data: { registeredModelId: null, version: null } });
    await settle(tx, ...Object.values(keysOfRefresh(id)));
    await tx.registeredModel.delete({ where: { id } });
    const change = { action: 'remove', objectKind: 'registered-model', objectId: id, note: name };
    await writeAudit(tx, author, { ...change, before: { name }, after: null });
  });
}

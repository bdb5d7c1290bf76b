import { type Author, type Database, type Prisma, writeAudit } from '@duet/db';
import { type ExperimentWithArms, findExperiment, viewOf, withArms } from '../plan/experiment.ts';

type Work = (tx: Prisma.TransactionClient, before: ExperimentWithArms) => Promise<boolean>;

/**
 * Changes an experiment while nobody else does, and writes down what changed. `work` makes the change and says whether
 * there was one.
 */
export async function change(
  database: Database,
  idOrName: string,
  author: Author,
  { action, note = '' }: { action: string; note?: string | undefined },
  work: Work,
): Promise<ExperimentWithArms> {
  const { id } = await findExperiment(database, idOrName);
  return database.prisma.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Experiment" WHERE "id" = ${id}::uuid FOR UPDATE`;
    const read = () => tx.experiment.findUniqueOrThrow({ where: { id }, include: withArms });
    const before = await read();
    if (!(await work(tx, before))) return before;
    const after = await read();
    const object = { objectKind: 'experiment', objectId: id };
    await writeAudit(tx, author, { action, ...object, before: viewOf(before), after: viewOf(after), note });
    return after;
  });
}

import type { Author, Database, RegisteredModel } from '@duet/db';
import { decideExperiment, findExperiment, parseSettings } from '@duet/experiments';
import { adoptModel } from './adopt.ts';
import { deploy } from './deployment.ts';

/**
 * Decides a stopped experiment, and deploys what the chosen arm served: what it followed, or the registered model that
 * its pinned model becomes the champion of. An experiment of some placements alone decides for those. A simulated one
 * deploys nothing.
 *
 * @returns what answers from now on; undefined where nothing changes
 * @throws DuetError as `decideExperiment` of packages/experiments; `conflict` where the arm's model has no index
 */
export async function decide(
  database: Database,
  idOrName: string,
  { arm: name, note }: { arm: string; note?: string | undefined },
  author: Author = {},
): Promise<{ experiment: Awaited<ReturnType<typeof decideExperiment>>; deployed: RegisteredModel | undefined }> {
  const { arms, simulated, settings } = await findExperiment(database, idOrName);
  const arm = arms.find((one) => one.name === name);
  const experiment = await decideExperiment(database, idOrName, { arm: name, note }, author);
  if (arm === undefined || simulated) return { experiment, deployed: undefined };
  const registered =
    arm.registeredModelId === null
      ? await adoptModel(database, arm.modelId!, {}, author)
      : await database.prisma.registeredModel.findUniqueOrThrow({ where: { id: arm.registeredModelId } });
  const { targeting } = parseSettings(settings);
  const placements = targeting.find(({ attribute }) => attribute === 'placement')?.in ?? [''];
  for (const placement of placements) await deploy(database, registered, { placement }, author);
  return { experiment, deployed: registered };
}

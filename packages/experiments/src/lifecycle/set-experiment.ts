import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';
import { checkMetrics, type ExperimentAuthor, type ExperimentWithArms, nameTaken } from '../plan/experiment.ts';
import { change } from './change.ts';
import { lockOn } from './locks.ts';
import { changesOf, type ExperimentPatch, patched, storePlan, withoutTesters } from './patch.ts';

/**
 * Changes a draft in any way, and a running experiment in those that do not touch its figures: traffic, overrides,
 * excluded users, and what stop rules do. A user whose override ends while it runs is excluded.
 *
 * @throws DuetError `conflict` naming a field that is locked, and why; `bad-input` as createExperiment; `not-found`
 */
export async function setExperiment(
  database: Database,
  idOrName: string,
  patch: ExperimentPatch,
  author: ExperimentAuthor = {},
): Promise<ExperimentWithArms> {
  try {
    return await change(database, idOrName, author, { action: 'set' }, async (tx, before) => {
      const plan = patched(before, patch);
      const changes = changesOf(before, plan, patch.name);
      if (changes.length === 0) return false;
      if (before.status === 'running') {
        for (const field of changes) {
          const lock = lockOn(field);
          if (lock === undefined) continue;
          throw new DuetError('conflict', `"${lock.name}" is locked while "${before.name}" runs. ${lock.why}`, {
            where: { field },
            fix: `Start a new phase with it, which deals the users out afresh: npx duet experiment phase --experiment "${before.name}" --help.`,
          });
        }
      } else if (before.status !== 'draft') {
        throw new DuetError(
          'conflict',
          `Experiment "${before.name}" is ${before.status}: nothing of it changes any more.`,
          {
            fix: before.status === 'stopped' ? 'Start a new phase of it, or create another.' : 'Create another.',
          },
        );
      }
      checkMetrics(plan, author);
      await storePlan(tx, before, before.status === 'running' ? withoutTesters(before, plan) : plan, patch.name);
      return true;
    });
  } catch (error) {
    throw nameTaken(error, patch.name ?? idOrName);
  }
}

import type { Caller } from './context.ts';
import type { HealthAnswer } from './schemas/answers.ts';

/** What stands in the place of what is wrong, for those who are not told. */
const untold = 'Something is wrong. Ask with a secret API key to be told what.';

/**
 * What a caller may know of how the service is: everything with a secret key. A stranger, or a page, is told whether it
 * works, and no name of a model, an experiment or a dataset.
 */
export function healthFor(health: HealthAnswer, caller: Caller | undefined): HealthAnswer {
  if (caller?.kind === 'secret') return health;
  const problems = health.problems.length > 0 ? [untold] : [];
  return {
    ...health,
    problems,
    fallbacks: [],
    dataset: null,
    models: [],
    experiments: [],
    rankerId: null,
    since: null,
  };
}

import os from 'node:os';

/**
 * How many tasks turbo runs beside each other, and how many test files each of them: together twice the cores, since a
 * test waits for its children and its database too.
 */
export const parallel = Math.ceil(Math.sqrt(2 * os.availableParallelism()));

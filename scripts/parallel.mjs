import os from 'node:os';

/**
 * How many test files run beside each other in a package whose files have processes of their own. Most packages have
 * one process, and a test waits for its children and its database too: so turbo runs one task more than that.
 */
export const parallel = Math.ceil(Math.sqrt(2 * os.availableParallelism()));
export const parallelTasks = parallel + 1;

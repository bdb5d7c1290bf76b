import type { ServedModel } from './playground.ts';

/**
 * The two models that are compared: those asked for; else control and treatment of what runs; else the newest of two
 * kinds. Undefined where none can answer.
 */
export function comparedPair(
  models: readonly ServedModel[],
  leftId: string,
  rightId: string,
): { left: ServedModel; right: ServedModel } | undefined {
  const chosen = (id: string) => models.find((model) => model.id === id);
  const inArm = (isControl: boolean) => models.find(({ arms }) => arms.some(({ control }) => control === isControl));
  const left = chosen(leftId) ?? inArm(true) ?? models.find(({ kind }) => kind === 'two-tower') ?? models[0];
  if (left === undefined) return undefined;
  const others = models.filter(({ id }) => id !== left.id);
  const right = chosen(rightId) ?? inArm(false) ?? others.find(({ kind }) => kind !== left.kind) ?? others[0] ?? left;
  return { left, right };
}

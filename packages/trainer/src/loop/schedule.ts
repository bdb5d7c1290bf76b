/** Share of the learning rate at a step: rises over the first hundred steps, then falls along a cosine to a tenth. */
export function schedule(step: number, steps: number): number {
  const warm = Math.min(1, (step + 1) / Math.min(100, steps / 10 + 1));
  return warm * (0.1 + 0.45 * (1 + Math.cos((Math.PI * step) / steps)));
}

import type { Config } from '@duet/base';
import { type Executor, openOnnx, openTfjs } from '@duet/models';

/** The executor that trains and encodes here, and why it is that one. */
export type ChosenExecutor = Executor & { reason: string };

/**
 * ONNX Runtime where its library loads, else TensorFlow.js; `DUET_EXECUTOR` decides otherwise. Both run the same
 * graphs and are held to the same losses and gradients.
 *
 * @throws what the library throws, where the one that was asked for by name does not load
 */
export async function openExecutor({
  executor,
  threads,
  device,
}: Pick<Config, 'executor' | 'threads'> & Partial<Pick<Config, 'device'>>): Promise<ChosenExecutor> {
  if (executor === 'tfjs') return openTfjs();
  try {
    return await openOnnx(threads, device);
  } catch (error) {
    if (executor === 'onnx') throw error;
    const tfjs = await openTfjs();
    return { ...tfjs, reason: `ONNX Runtime does not load here (${(error as Error).message}). ${tfjs.reason}` };
  }
}

import type { Executor } from '../executor.ts';

/**
 * ONNX Runtime, on `threads` threads.
 *
 * @throws what loading its native library throws, where there is none for this machine
 */
export async function openOnnx(threads = 1): Promise<Executor> {
  const [{ onnxExecutor }, runtime] = await Promise.all([import('./onnx.ts'), import('onnxruntime-node')]);
  return onnxExecutor(runtime, threads);
}

/** TensorFlow.js: `tfjs-node` where its native library installed, else WebAssembly; `reason` says which and why. */
export async function openTfjs(): Promise<Executor & { reason: string }> {
  return (await import('./tfjs.ts')).tfjsExecutor();
}

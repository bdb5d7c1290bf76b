import type { Executor } from '../graph/executor.ts';
import { type Device, findDevice } from './device.ts';

/**
 * ONNX Runtime, on `threads` threads of the CPU or on a GPU.
 *
 * @throws what loading its native library throws, where there is none for this machine
 */
export async function openOnnx(threads = 1, device: Device = findDevice()): Promise<Executor & { reason: string }> {
  const [{ onnxExecutor }, runtime] = await Promise.all([import('./onnx.ts'), import('onnxruntime-node')]);
  const on = device === 'cpu' ? `${threads} thread${threads === 1 ? '' : 's'}` : device;
  return { ...onnxExecutor(runtime, { threads, device }), reason: `ONNX Runtime on ${on}.` };
}

/** TensorFlow.js: `tfjs-node` where its native library installed, else WebAssembly; `reason` says which and why. */
export async function openTfjs(): Promise<Executor & { reason: string }> {
  return (await import('./tfjs.ts')).tfjsExecutor();
}

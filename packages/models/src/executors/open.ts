import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Executor } from '../graph/executor.ts';

/** Where ONNX Runtime runs a graph. What a device cannot run, and everything without one, runs on the CPU. */
export type Device = 'cpu' | 'cuda' | 'webgpu';

/**
 * The GPU to use unless the user says otherwise: NVIDIA's where both its driver and ONNX Runtime's library for it are
 * there (a download of onnxruntime-node's install script), else none.
 */
function findDevice(): Device {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const binaries = path.join(path.dirname(main), 'bin/napi-v6', process.platform, process.arch);
  const library = path.join(binaries, 'libonnxruntime_providers_cuda.so');
  return existsSync('/dev/nvidiactl') && existsSync(library) ? 'cuda' : 'cpu';
}

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

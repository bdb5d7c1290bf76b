import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Where ONNX Runtime runs a graph. What a device cannot run, and everything without one, runs on the CPU. */
export type Device = 'cpu' | 'cuda' | 'webgpu';

/**
 * The GPU to use unless the user says otherwise: NVIDIA's where both its driver and ONNX Runtime's library for it are
 * there (a download of onnxruntime-node's install script), else none.
 */
export function findDevice(): Device {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const binaries = path.join(path.dirname(main), 'bin/napi-v6', process.platform, process.arch);
  const library = path.join(binaries, 'libonnxruntime_providers_cuda.so');
  return existsSync('/dev/nvidiactl') && existsSync(library) ? 'cuda' : 'cpu';
}

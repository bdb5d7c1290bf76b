import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { repositoryRoot } from '@duet/base';
import { say } from '../bench.ts';
import { Contender } from '../contender.ts';
import { modelOf, type ShapeName, settingsOf } from './model.ts';

const python = '/usr/bin/python3';
const script = path.join(repositoryRoot(), 'bench/peers/pytorch_two_tower.py');

/** What to do where Debian's PyTorch is not installed. */
export const howToInstall = 'apt-get install -y python3-torch libopenblas0-pthread';

export function pytorchIsHere(): boolean {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export const openPytorch = (args: string[], env: NodeJS.ProcessEnv): Contender =>
  new Contender(python, [script, ...args], env);

/** As PyTorch's tuning guide has it: threads that wait do not spin, and freed memory stays with the process. */
const steady = {
  OMP_WAIT_POLICY: 'passive',
  MALLOC_TRIM_THRESHOLD_: String(2 ** 40),
  MALLOC_MMAP_THRESHOLD_: String(2 ** 40),
  MALLOC_TOP_PAD_: String(2 ** 26),
};

/**
 * Settings of the environment worth trying: Debian's OpenBLAS is older than many processors and then picks slow
 * kernels; a newer one may have been told a kind by this machine's administrator.
 */
function environments(): NodeJS.ProcessEnv[] {
  const flags = os.arch() === 'x64' ? readFlags() : new Set<string>();
  const kinds = [...(flags.has('avx512f') ? ['SKYLAKEX'] : []), ...(flags.has('avx2') ? ['HASWELL', 'ZEN'] : [])];
  const untouched = { OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined };
  const inherited = process.env.OPENBLAS_CORETYPE === undefined ? [] : [{}];
  return [...inherited, untouched, ...kinds.map((kind) => ({ ...untouched, OPENBLAS_CORETYPE: kind }))];
}

function readFlags(): Set<string> {
  try {
    return new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(/\s+/));
  } catch {
    return new Set();
  }
}

export interface MatmulSpeed {
  /** GFLOP/s of 2048³ by thread count: "1", "2" … */
  large: Record<string, number>;
  /** GFLOP/s of the model's own products, on one thread and on all. */
  model: Record<string, Record<string, number>>;
}

export interface TunedBlas extends MatmulSpeed {
  env: NodeJS.ProcessEnv;
  blas: string;
}

const products = { '1536×80×256': [1536, 80, 256], '1536×256×128': [1536, 256, 128], '9216×80×256': [9216, 80, 256] };

/** The OpenBLAS setting that multiplies fastest with a right result, and how fast that is. */
export async function tuneBlas(seconds: number): Promise<TunedBlas> {
  const cores = os.availableParallelism();
  const trials: TunedBlas[] = [];
  for (const env of environments()) {
    await using peer = openPytorch([], { ...env, ...steady });
    const speed = async (size: number[], threads: number) => {
      const [m, k, n] = size;
      const options = { threads: 1, blasThreads: threads };
      const answer = await peer.ask<{ gflops: number; error: number }>({ do: 'matmul', m, k, n, seconds, ...options });
      return answer.error < 1e-4 ? answer.gflops : 0;
    };
    const found: TunedBlas = { env, blas: '', large: {}, model: {} };
    for (const threads of [1, cores, 1, cores]) {
      const best = async (by: Record<string, number>, size: number[]) => {
        by[threads] = Math.max(by[threads] ?? 0, await speed(size, threads));
      };
      await best(found.large, [2048, 2048, 2048]);
      for (const [name, size] of Object.entries(products)) {
        found.model[name] ??= {};
        await best(found.model[name], size);
      }
    }
    found.blas = (await peer.ask<{ blas: string }>({ do: 'about' })).blas;
    trials.push(found);
    say(`  OpenBLAS ${JSON.stringify(env)}: ${Math.round(found.large[cores]!)} GFLOP/s`);
  }
  const score = ({ model, large }: TunedBlas) =>
    [large, ...Object.values(model)].reduce((sum, by) => sum + Math.log(Math.max(...Object.values(by)) + 1e-9), 0);
  return trials.reduce((best, next) => (score(next) > score(best) ? next : best));
}

export interface PytorchSetup {
  env: NodeJS.ProcessEnv;
  options: Record<string, unknown>;
}

/** Single changes to the script's defaults; each is kept where it is faster. */
function changes(shape: ShapeName, cores: number): Record<string, unknown>[] {
  return [
    { threads: cores, blasThreads: cores },
    { threads: 1, blasThreads: cores },
    { threads: cores, blasThreads: 1 },
    { script: true },
    { merged: false },
    { smallDense: false },
    { foreach: true },
    ...(shape === 'softmax' ? [{ block: 512 }, { block: 0 }, { block: 0, mask: 'dense' }] : []),
  ];
}

/** PyTorch's fastest way to train this shape here: threads first, then each option, then the allocator. */
export async function tunePytorch(
  folder: string,
  shape: ShapeName,
  blas: NodeJS.ProcessEnv,
  { seconds, threadsOnly }: { seconds: number; threadsOnly: boolean },
): Promise<PytorchSetup & { tried: { setting: string; examplesPerS: number }[] }> {
  const model = modelOf(settingsOf(shape));
  const trials: { setting: string; examplesPerS: number }[] = [];
  const time = async (peer: Contender, options: Record<string, unknown>) => {
    await peer.ask({ do: 'open', model, options });
    await peer.ask({ do: 'train', seconds: seconds / 2 });
    return peer.speed(seconds);
  };
  const env = { ...blas, ...steady };
  let best: { options: Record<string, unknown>; speed: number };
  {
    await using peer = openPytorch([folder], env);
    const start = { threads: 1, blasThreads: 1 };
    best = { options: start, speed: await time(peer, start) };
    trials.push({ setting: JSON.stringify(start), examplesPerS: best.speed });
    for (const change of changes(shape, os.availableParallelism())) {
      if (threadsOnly && !('threads' in change)) continue;
      const options = { ...best.options, ...change };
      const speed = await time(peer, options);
      trials.push({ setting: JSON.stringify(change), examplesPerS: speed });
      if (speed > best.speed * 1.01) best = { options, speed };
    }
  }
  if (!threadsOnly) {
    await using peer = openPytorch([folder], blas);
    const speed = await time(peer, best.options);
    trials.push({ setting: 'without the malloc and OpenMP environment', examplesPerS: speed });
    if (speed > best.speed * 1.01) return { env: blas, options: best.options, tried: trials };
  }
  return { env, options: best.options, tried: trials };
}

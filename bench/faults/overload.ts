import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { median } from '../bench.ts';
import type { LoadReport, Task } from './generator.ts';
import { pidOfService } from './processes.ts';
import { back, type Shop } from './shop.ts';

const run = promisify(execFile);

/** Connections that keep the service just busy, and those over which three times as many requests come. */
const [busyConnections, overConnections] = [64, 320];
/** Of the service's processor, and of the sender's: what sends must not take from what is measured. */
const [serviceCore, senderCore] = [0, 1];
/** Ticks a second of the times in /proc. */
const ticks = 100;

/** What came of a load, and what was answered with 200 for each second, and for each of the service's processor. */
type Sent = LoadReport & { perSecond: number; perCpuSecond: number };

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;

/** Processor seconds that a process has used. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

/** A command that this machine may not have, or not allow. */
const works = (command: string, ...args: string[]): Promise<boolean> =>
  run(command, args).then(
    () => true,
    () => false,
  );

/**
 * Three times as many requests as the service answers when it is just busy, in turns with as many as that. Service and
 * sender have a core each, and go before other programs where that is allowed, so that neither figure is of a machine
 * that has less for the service.
 */
export async function overload(shop: Shop, rounds: number, seconds: number): Promise<Record<string, number>> {
  const pid = pidOfService(shop, 'retrieval');
  const isPinned = await works('taskset', '-acp', String(serviceCore), String(pid));
  const isFirst = isPinned && (await works('chrt', '-a', '-r', '-p', '1', String(pid)));
  const before = [
    ...(isFirst ? ['chrt', '-r', '1'] : []),
    ...(isPinned ? ['taskset', '-c', String(senderCore)] : []),
    process.execPath,
  ];
  const send = async (connections: number, forSeconds: number, rate?: number): Promise<Sent> => {
    const task: Task = {
      ...{ url: shop.url, path: '/v1/retrieve', key: shop.key, connections, seconds: forSeconds, rate },
      bodies: Array.from({ length: 100 }, (_, user) => JSON.stringify({ userId: `user-${user}`, k: 20 })),
    };
    const from = cpuSeconds(pid);
    const args = [...before.slice(1), path.join(import.meta.dirname, 'generator.ts'), JSON.stringify(task)];
    const { stdout } = await run(before[0]!, args, { maxBuffer: 2 ** 28 });
    const report = JSON.parse(stdout) as LoadReport;
    return { ...report, perSecond: report.good / report.seconds, perCpuSecond: report.good / (cpuSeconds(pid) - from) };
  };
  try {
    await send(busyConnections, seconds);
    const pairs: Record<'capacity' | 'over', Sent>[] = [];
    for (let round = 0; round < rounds; round++) {
      const capacity = await send(busyConnections, seconds);
      pairs.push({ capacity, over: await send(overConnections, seconds, 3 * capacity.perSecond) });
    }
    const of = (one: (pair: (typeof pairs)[number]) => number, digits = 2) =>
      Number(median(pairs.map(one)).toFixed(digits));
    const p99 = (which: 'capacity' | 'over') =>
      quantile(
        pairs.flatMap((pair) => pair[which].ms).sort((a, b) => a - b),
        0.99,
      );
    return {
      seconds: await back(shop, performance.now()),
      capacity_per_second: of(({ capacity }) => capacity.perSecond, 0),
      good_per_second: of(({ over }) => over.perSecond, 0),
      refused_per_second: of(({ over }) => over.refused / over.seconds, 0),
      goodput: of(({ capacity, over }) => over.perSecond / capacity.perSecond, 3),
      goodput_per_cpu_second: of(({ capacity, over }) => over.perCpuSecond / capacity.perCpuSecond, 3),
      p99_ms_at_capacity: Number(p99('capacity').toFixed(1)),
      p99_ms: Number(p99('over').toFixed(1)),
      p99_ratio: Number((p99('over') / p99('capacity')).toFixed(2)),
      offered: of(({ capacity, over }) => over.due / over.seconds / capacity.perSecond),
      own_core: Number(isPinned),
    };
  } finally {
    if (isFirst) await works('chrt', '-a', '-o', '-p', '0', String(pid));
    if (isPinned) await works('taskset', '-acp', '0-1023', String(pid));
  }
}

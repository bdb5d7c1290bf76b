import { duet, terminal } from './duet.ts';

// A reader that has enough, such as head, closes its end: nothing of that is an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
process.exitCode = await duet(process.argv.slice(2), terminal);
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
await new Promise<void>((sent) => (process.send ? process.send({ peakMb }, () => sent()) : sent()));
// What a program reads from a socket is written beside this one, and would be cut off where it ends.
await Promise.all([process.stdout, process.stderr].map((to) => new Promise((sent) => to.write('', sent))));
// A native library may hold a thread: the work is done, so the process ends.
process.exit();

import { duet, terminal } from './duet.ts';

process.exitCode = await duet(process.argv.slice(2), terminal);
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
await new Promise<void>((sent) => (process.send ? process.send({ peakMb }, () => sent()) : sent()));
// A native library may hold a thread: the work is done, so the process ends.
process.exit();

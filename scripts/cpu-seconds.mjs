/**
 * Loaded before a test file, by `--import`: at its end the file notes how many CPU seconds it took, with the children
 * that it waited for, in a line of the file that DUET_CPU_NOTES names. What a PostgreSQL did for it does not count.
 */
import fs from 'node:fs';

const { DUET_CPU_NOTES: notes, NODE_TEST_CONTEXT: context } = process.env;

/** Of this process and its children that have ended, in seconds; without Linux' account of them, of this process. */
function cpuSeconds() {
  try {
    const fields = fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
    // utime, stime, cutime and cstime of proc(5), in ticks of 1/100 second.
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
}

// A fork of the test file loads this too, without being one.
if (notes && context && process.argv[1]) {
  delete process.env.DUET_CPU_NOTES;
  process.on('exit', () => {
    fs.appendFileSync(notes, `${JSON.stringify({ file: process.argv[1], cpuSeconds: cpuSeconds() })}\n`);
  });
}

import { interleavingTest, type ShareTest, signSequence } from '@duet/statistics';
import type { InterleavedDay } from '../rollup/interleaved-credit.ts';
import type { Comparing } from './compare.ts';
import type { InterleavingReport } from './shape.ts';

const unknown: ShareTest = { value: null, low: null, high: null, p: null };

/** What an interleaving shows: which of two rankings users prefer, as of now and as of the end of each day. */
export function interleavingOf(
  days: readonly InterleavedDay[],
  arms: readonly { id: string; control: boolean }[],
  comparing: Comparing,
): InterleavingReport {
  const last = days.at(-1);
  const clicks = { treatment: Number(last?.credit.sums.x ?? 0n), both: Number(last?.credit.sums.y ?? 0n) };
  return {
    arms: arms.map(({ id, control }) => ({
      armId: id,
      impressions: last?.impressions[control ? 'control' : 'treatment'] ?? 0,
      clicks: control ? clicks.both - clicks.treatment : clicks.treatment,
    })),
    ...(last
      ? interleavingTest(last.credit, comparing.level)
      : { users: 0, wins: 0, losses: 0, ties: 0, preference: unknown, userPreference: unknown, sign: unknown }),
    sequence: last ? signSequence(last.credit, comparing) : unknown,
    days: days.map(({ day, credit }) => ({
      day,
      users: Number(credit.sums.n),
      sign: interleavingTest(credit, comparing.level).sign,
      sequence: signSequence(credit, comparing),
    })),
  };
}

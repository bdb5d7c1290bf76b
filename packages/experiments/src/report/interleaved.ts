import { type Credit, confidenceSequence, deltaRatio, interleavingTest, momentsFromSums } from '@duet/statistics';
import type { InterleavedDay } from '../rollup/interleaved-credit.ts';
import type { Comparing } from './compare.ts';
import type { InterleavingReport, ShareTest } from './shape.ts';

const unknown: ShareTest = { value: null, low: null, high: null, p: null };

/** Treatment's share of the clicks with its confidence sequence, and the always-valid p against one half. */
function preferenceSequence({ sums }: Credit, { level, tunedFor }: Comparing): ShareTest {
  const share = deltaRatio(momentsFromSums(sums));
  if (!share) return unknown;
  const { low, high, p } = confidenceSequence({ ...share, value: share.value - 0.5 }, { level, tunedFor });
  return { value: share.value, low: low === null ? null : low + 0.5, high: high === null ? null : high + 0.5, p };
}

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
    sequence: last ? preferenceSequence(last.credit, comparing) : unknown,
    days: days.map(({ day, credit }) => ({
      day,
      users: Number(credit.sums.n),
      preference: interleavingTest(credit, comparing.level).preference,
      sequence: preferenceSequence(credit, comparing),
    })),
  };
}

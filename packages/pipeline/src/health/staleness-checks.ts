import { lastDue } from '../registry/schedule.ts';
import { type Check, judged, nothingYet } from './check.ts';

const dayMs = 86_400_000;

const model: Check = {
  name: 'model-age',
  look({ deployed, now }) {
    if (deployed.length === 0) {
      return {
        ...{ state: 'warn', value: null, sentence: 'No model is deployed: the best sellers answer.' },
        remedy: 'Register and refresh one: npx duet models register --help.',
      };
    }
    const oldest = deployed.toSorted((a, b) => a.trainedAt.getTime() - b.trainedAt.getTime())[0]!;
    const days = (now.getTime() - oldest.trainedAt.getTime()) / dayMs;
    // A scheduled model is late when it missed a turn and the one after; another one when it is a month old.
    const { timeZone, schedule: cron } = oldest;
    const turn = cron === null ? undefined : lastDue({ cron, timeZone }, now);
    const before = turn && lastDue({ cron: cron!, timeZone }, new Date(turn.getTime() - 1));
    const usual = turn && before ? (now.getTime() - before.getTime()) / dayMs + 1 : 30;
    return judged(
      ...([days, { warn: usual, fail: 3 * usual }] as const),
      `The champion of "${oldest.name}" was trained ${days.toFixed(1)} days ago.`,
      `See why no newer version serves: npx duet refreshes. Make one: npx duet refresh --model ${oldest.name}.`,
    );
  },
};

const fold: Check = {
  name: 'fold-age',
  look({ unfoldedSince, now }) {
    if (unfoldedSince === null) return nothingYet('Every event is part of the data that models learn from.');
    const days = Math.max(0, now.getTime() - unfoldedSince.getTime()) / dayMs;
    return judged(
      ...([days, { warn: 2, fail: 7 }] as const),
      `Events have waited for ${days.toFixed(1)} days to become part of the data that models learn from.`,
      'Fold them: npx duet fold. The worker does it daily: see in its log, or among the alerts, why it did not.',
    );
  },
};

/** What has grown old. */
export const stalenessChecks: readonly Check[] = [model, fold];

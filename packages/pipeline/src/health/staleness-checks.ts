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
    const turn = oldest.schedule === null ? undefined : lastDue({ cron: oldest.schedule, timeZone: 'UTC' }, now);
    const before = turn && lastDue({ cron: oldest.schedule!, timeZone: 'UTC' }, new Date(turn.getTime() - 1));
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
  look({ foldedThrough, lastEvent, newestData, now }) {
    if (lastEvent === null) return nothingYet('There is no event to fold.');
    const until = foldedThrough ?? newestData;
    if (until === null) return nothingYet('Events have not become data yet.');
    const days = Math.max(0, (Math.min(lastEvent.getTime(), now.getTime()) - until.getTime()) / dayMs);
    return judged(
      ...([days, { warn: 2, fail: 7 }] as const),
      `Events of ${days.toFixed(1)} days are not part of the data that models learn from.`,
      'Fold them: npx duet fold, or give a registered model a schedule, which folds first.',
    );
  },
};

/** What has grown old. */
export const stalenessChecks: readonly Check[] = [model, fold];

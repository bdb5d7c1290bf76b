import { type Check, judged, nothingYet, percent } from './check.ts';
import type { HealthFacts } from './facts.ts';

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length === 0 ? 0 : (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
};

/** So few events a day come and go by chance. */
const fewEvents = 20;

/** Events of a type within 24 hours against the median of the same weekday's last four. */
const volume = (type: keyof HealthFacts['day']): Check => ({
  name: `volume-${type}`,
  look({ day }) {
    const { last, before } = day[type];
    const usual = median(before.filter((count) => count > 0));
    if (usual < fewEvents) {
      return nothingYet(`${last} ${type}s came within 24 hours; too few came on this weekday before to compare with.`);
    }
    const usualShare = last / usual;
    return {
      ...judged(
        Math.min(usualShare, 1 / Math.max(usualShare, 1e-9)),
        { warn: 0.5, fail: 0.1 },
        `${last} ${type}s came within 24 hours, where ${Math.round(usual)} are usual on this weekday (${percent(usualShare)}).`,
        usualShare < 1
          ? 'See whether the storefront still logs them: its last release, its key, and npx duet status.'
          : 'See who sends them: a robot, or a page that logs an event twice.',
      ),
      value: usualShare,
    };
  },
});

/** No event at all where there usually are many. */
const stopped: Check = {
  name: 'data-stopped',
  look({ twoHours, lastEvent }) {
    const usual = median(twoHours.before.filter((count) => count > 0));
    if (lastEvent === null) return nothingYet('No event has come yet.');
    const since = lastEvent.toISOString().slice(0, 16).replace('T', ' ');
    if (twoHours.last > 0 || usual < fewEvents) {
      return { state: 'ok', value: twoHours.last, sentence: `The last event came at ${since} UTC.`, remedy: '' };
    }
    return {
      ...{ state: 'fail', value: 0 },
      sentence: `No event has come since ${since} UTC, where ${Math.round(usual)} are usual within two hours.`,
      remedy: 'See whether the storefront reaches Duet: its key, the address, npx duet status, and the service’s log.',
    };
  },
};

const ofEvents = (
  name: string,
  key: 'unknown' | 'repeated' | 'clock',
  limits: { warn: number; fail: number },
  what: string,
  remedy: string,
): Check => ({
  name,
  look({ faults }) {
    if (faults.events === 0) return nothingYet('No event has come within 24 hours.');
    const faultShare = faults[key] / faults.events;
    return judged(faultShare, limits, `${faults[key]} of ${faults.events} events of 24 hours ${what}.`, remedy);
  },
});

const ofCatalogue = (
  name: string,
  key: 'withoutTitle' | 'withoutPrice' | 'withoutCategory',
  what: string,
  remedy: string,
): Check => ({
  name,
  look({ catalogue }) {
    if (catalogue.shown === 0) return nothingYet('The catalogue is empty.');
    const missingShare = catalogue[key] / catalogue.shown;
    const sentence = `${catalogue[key]} of ${catalogue.shown} items that are shown have no ${what}.`;
    return judged(missingShare, { warn: 0.05, fail: 0.5 }, sentence, remedy);
  },
});

/** What comes in: a new check is one line here. */
export const dataChecks: readonly Check[] = [
  stopped,
  volume('impression'),
  volume('click'),
  volume('cart'),
  volume('order'),
  ofEvents(
    ...([
      'unknown-items',
      'unknown',
      { warn: 0.02, fail: 0.2 },
      'are of items that the catalogue does not have',
    ] as const),
    'Bring the catalogue up to date: npx duet catalogue sync. Else the shop logs other ids than it imported.',
  ),
  ofEvents(
    ...(['repeated-events', 'repeated', { warn: 0.02, fail: 0.2 }, 'are there twice under two ids'] as const),
    'Log each event once, with one event id that is kept when it is sent again.',
  ),
  ofEvents(
    ...(['clock', 'clock', { warn: 0.02, fail: 0.2 }, 'say a time that is minutes ahead, or days ago'] as const),
    'Send sentAt with each batch, so that times are put right, and set the clock of the servers that log.',
  ),
  ofCatalogue(
    'missing-titles',
    'withoutTitle',
    'title',
    'Give them titles in the catalogue: search and lists show them.',
  ),
  ofCatalogue(
    'missing-prices',
    'withoutPrice',
    'price',
    'Give them prices: filters and rankings by value leave them out.',
  ),
  ofCatalogue(
    ...(['missing-categories', 'withoutCategory', 'category'] as const),
    'Give them categories: rules, filters and the diversity of lists go by them.',
  ),
];

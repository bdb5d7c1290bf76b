import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';
import {
  deltaRatio,
  doublyRobust,
  estimateInterval,
  type Interval,
  ips,
  type ModelledChoice,
  momentsOf,
  type OffPolicyEstimate,
  snips,
} from '@duet/statistics';
import { findExperiment } from '../plan/experiment.ts';
import { parseSettings } from '../plan/experiment-settings.ts';
import { rollUp } from '../rollup/rollup.ts';

/** A place of a list that was seen, what stood there, and with what probability. */
interface LoggedPlace {
  userId: string;
  itemId: string;
  /** 0-based. */
  position: number;
  propensity: number;
  clicked: boolean;
}

export interface OffPolicyReport {
  experiment: { id: string; name: string };
  /** Seen places with a propensity, of the newest phase. */
  impressions: number;
  users: number;
  /** Click-through rate of what was shown, clustered by user. */
  shown: Interval;
  /** What the judged ranking's would have been in the same places: three estimates of one figure. */
  ips: OffPolicyEstimate;
  snips: OffPolicyEstimate;
  doublyRobust: OffPolicyEstimate;
  /** How many places of the judged ranking's own these are worth: (Σw)²/Σw². */
  effectiveSampleSize: number;
  /** What a reader must know before trusting the intervals; null where nothing stands against it. */
  warning: string | null;
  /**
   * Mean importance weight: 1 but for chance, and less by the share of the ranking's items that were never tried there.
   */
  meanWeight: number;
}

/**
 * Estimates what click-through rate another ranking would have had where an experiment explored: the importance weight
 * of a seen place is 1/propensity where the ranking has the same item there, else 0. A click depends on item and place
 * alone (the item-position model of Li et al. 2018, KDD), and whether a place is seen does not depend on the ranking.
 * Users whom the experiment leaves out are left out; a click counts by its request.
 *
 * @param experiment its id or name
 * @param rankingFor the judged ranking's items for a user, best first
 * @throws DuetError `not-found` for an unknown experiment; `conflict` where nothing was explored
 */
export async function offPolicyReport(
  database: Database,
  experiment: string,
  rankingFor: (userId: string) => Promise<readonly string[]>,
  { now = new Date(), level = 0.95 }: { now?: Date; level?: number } = {},
): Promise<OffPolicyReport> {
  const found = await findExperiment(database, experiment);
  await rollUp(database, found.id, { now });
  const { clickWindowHours } = parseSettings(found.settings).attribution;
  const places = await loggedPlaces(database, found, clickWindowHours);
  if (places.length === 0) {
    throw new DuetError('conflict', `Experiment "${found.name}" has no impression with a propensity.`, {
      fix: `Let it explore in a new phase: npx duet experiment phase --experiment "${found.name}" --set exploration=0.05. The storefront sends each item's propensity with its impression.`,
    });
  }
  const rankings = new Map<string, readonly string[]>();
  for (const { userId } of places) {
    if (!rankings.has(userId)) rankings.set(userId, await rankingFor(userId));
  }
  const choices = modelled(places, (userId) => rankings.get(userId)!);
  const perUser = [...Map.groupBy(places, ({ userId }) => userId).values()];
  const shown = deltaRatio(
    momentsOf(
      perUser.map((shown) => shown.filter(({ clicked }) => clicked).length),
      perUser.map((shown) => shown.length),
    ),
  );
  const byPropensity = ips(choices, { level });
  const { effectiveSampleSize } = byPropensity;
  return {
    experiment: { id: found.id, name: found.name },
    impressions: places.length,
    users: perUser.length,
    shown: shown ? estimateInterval(shown, level) : { value: null, low: null, high: null },
    ips: byPropensity,
    snips: snips(choices, { level }),
    doublyRobust: doublyRobust(choices, { level }),
    effectiveSampleSize,
    warning: warningOf(effectiveSampleSize, level),
    meanWeight: choices.reduce((sum, { target, propensity }) => sum + target / propensity, 0) / choices.length,
  };
}

/** Below a few hundred, a few heavy weights decide, and the delta method's intervals hold less than they promise. */
const leastEffective = 300;

const warningOf = (effectiveSampleSize: number, level: number): string | null =>
  effectiveSampleSize >= leastEffective
    ? null
    : `These places are worth only ${Math.round(effectiveSampleSize)} of the judged ranking's own: below ${leastEffective} the intervals hold the truth less often than the ${Math.round(100 * level)} % they say. Let the experiment explore longer.`;

async function loggedPlaces(
  { pool }: Database,
  { id, phaseStartedAt }: { id: string; phaseStartedAt: Date | null },
  clickWindowHours: number,
): Promise<LoggedPlace[]> {
  const { rows } = await pool.query<LoggedPlace>(
    `WITH "click" AS MATERIALIZED (
       SELECT "userId", "requestId", "itemId", "simulated", "occurredAt" FROM "Event"
       WHERE "type" = 'click' AND "requestId" IS NOT NULL AND "day" >= $2::timestamptz::date
     )
     SELECT i."userId", i."itemId", i."position", i."propensity", bool_or(c."userId" IS NOT NULL) AS "clicked"
     FROM "Event" i JOIN "RollupUser" u ON u."experimentId" = i."experimentId" AND u."userId" = i."userId"
     LEFT JOIN "click" c ON c."userId" = i."userId" AND c."requestId" = i."requestId" AND c."itemId" = i."itemId"
       AND c."simulated" = i."simulated"
       AND c."occurredAt" BETWEEN i."occurredAt" AND i."occurredAt" + $3::float8 * interval '1 hour'
     WHERE i."experimentId" = $1::uuid AND i."type" = 'impression' AND u."status" = 'counted'
       AND i."propensity" IS NOT NULL AND i."position" IS NOT NULL AND i."requestId" IS NOT NULL
       AND i."day" >= $2::timestamptz::date AND i."occurredAt" >= $2::timestamptz
     GROUP BY i."day", i."eventId", i."userId", i."itemId", i."position", i."propensity"
     ORDER BY i."day", i."eventId"`,
    [id, phaseStartedAt, clickWindowHours],
  );
  return rows;
}

/** Impressions' worth of belief that an item, or a place, is clicked as everything is. */
const prior = 20;

/** How often what is clicked, by item and by place, shrunk to the mean: q̂(item, place) = mean · item's · place's. */
function clickModel(places: readonly LoggedPlace[]): (itemId: string | undefined, position: number) => number {
  const overall = (places.filter(({ clicked }) => clicked).length + 1) / (places.length + 2);
  const ratios = <Key>(keyOf: (place: LoggedPlace) => Key) =>
    new Map(
      [...Map.groupBy(places, keyOf)].map(([key, ofKey]) => {
        const clicks = ofKey.filter(({ clicked }) => clicked).length;
        return [key, (clicks + prior * overall) / (ofKey.length + prior) / overall];
      }),
    );
  const [byItem, byPlace] = [ratios(({ itemId }) => itemId), ratios(({ position }) => position)];
  return (itemId, position) =>
    Math.min(
      1,
      overall * ((itemId === undefined ? undefined : byItem.get(itemId)) ?? 1) * (byPlace.get(position) ?? 1),
    );
}

/** Each place as a choice, with q̂ fitted on the other half of the users: it must not have seen the choice. */
function modelled(places: readonly LoggedPlace[], rankingOf: (userId: string) => readonly string[]): ModelledChoice[] {
  const users = [...new Set(places.map(({ userId }) => userId))].sort();
  const half = new Map(users.map((userId, i) => [userId, i % 2]));
  const models = [0, 1].map((fold) => clickModel(places.filter(({ userId }) => half.get(userId) !== fold)));
  return places.map(({ userId, itemId, position, propensity, clicked }) => {
    const judged = rankingOf(userId)[position];
    const model = models[half.get(userId)!]!;
    return {
      user: userId,
      reward: clicked ? 1 : 0,
      propensity,
      target: judged === itemId ? 1 : 0,
      predicted: model(itemId, position),
      predictedTarget: model(judged, position),
    };
  });
}

import { lastHealth, listAlerts, listDestinations } from '@duet/pipeline/control';
import { database } from '#data/services.ts';

/** What the last look at a dataset found, the worst first, whom it was told, and where alerts go. */
export async function healthOf(datasetId: string) {
  const db = await database();
  const [checks, alerts, destinations] = await Promise.all([
    lastHealth(db, datasetId),
    listAlerts(db, datasetId, 50),
    listDestinations(db),
  ]);
  const worst = { fail: 0, warn: 1, ok: 2 };
  return {
    checks: checks.toSorted((a, b) => worst[a.state] - worst[b.state]),
    alerts: alerts.map((alert) => ({
      ...alert,
      tellers: destinations.filter(({ id }) => alert.deliveredTo.includes(id)).map(({ name }) => name),
    })),
    destinations: destinations.filter((one) => one.datasetId === null || one.datasetId === datasetId),
  };
}

export type DatasetHealth = Awaited<ReturnType<typeof healthOf>>;

import { randomUUID } from 'node:crypto';
import { DuetError } from '@duet/base';
import type { Alert, AlertDestination, Author, Database } from '@duet/db';
import { noDestination, signatureOf } from './alerts.ts';

/** Waits before each further try: half a day in all. */
const waitsMs = [30_000, 120_000, 600_000, 3_600_000, 4 * 3_600_000, 8 * 3_600_000];

/** A receiver that has not answered by then is tried again. */
const timeoutMs = 10_000;

/** What became of one try. */
export interface Delivery {
  alertId: string;
  destination: string;
  ok: boolean;
  /** Why not. */
  error: string | null;
}

/** The body of an alert: `text` is what Slack, Mattermost and others show of an incoming webhook. */
const bodyOf = ({ id, datasetId, kind, key, sentence, detail, createdAt, closedAt }: Alert, dataset: string): string =>
  JSON.stringify({
    text: `${dataset === '' ? '' : `${dataset}: `}${sentence}`,
    alert: { id, kind, key, datasetId, dataset: dataset || null, sentence, detail, createdAt, closedAt },
  });

/**
 * Sends every alert that is due to the destinations that it is for and that have not had it: signed, without following
 * redirects. What fails is tried again, later each time, six times; then it stays as undelivered, with the reason.
 *
 * @returns every try
 */
export async function deliverAlerts(
  { prisma }: Database,
  { now = new Date() }: { now?: Date } = {},
): Promise<Delivery[]> {
  const [due, destinations] = await Promise.all([
    prisma.alert.findMany({
      where: { deliveredAt: null, nextTryAt: { lte: now } },
      include: { dataset: { select: { name: true } } },
      orderBy: { createdAt: 'asc' },
      take: 100,
    }),
    prisma.alertDestination.findMany({ orderBy: { createdAt: 'asc' } }),
  ]);
  const tries: Delivery[] = [];
  for (const { dataset, ...alert } of due) {
    // Of several workers one sends it; where that one dies with it, it is due again.
    const { count } = await prisma.alert.updateMany({
      where: { id: alert.id, nextTryAt: alert.nextTryAt },
      data: { nextTryAt: new Date(now.getTime() + 2 * timeoutMs) },
    });
    if (count === 0) continue;
    const open = destinations.filter((to) => isFor(to, alert) && !alert.deliveredTo.includes(to.id));
    const results = await Promise.all(open.map((to) => send(to, bodyOf(alert, dataset?.name ?? ''), now)));
    const errors = results.flatMap((error, i) => (error === null ? [] : [`${open[i]!.name}: ${error}`]));
    const wait = errors.length === 0 ? undefined : waitsMs[alert.attempts];
    await prisma.alert.update({
      where: { id: alert.id },
      data: {
        deliveredTo: [...alert.deliveredTo, ...open.flatMap(({ id }, i) => (results[i] === null ? [id] : []))],
        attempts: { increment: open.length > 0 ? 1 : 0 },
        deliveredAt: errors.length === 0 ? now : null,
        nextTryAt: wait === undefined ? null : new Date(now.getTime() + wait),
        lastError: errors.length === 0 ? null : errors.join('; '),
      },
    });
    tries.push(
      ...open.map(({ name }, i) => ({
        ...{ alertId: alert.id, destination: name, ok: results[i] === null, error: results[i] ?? null },
      })),
    );
  }
  return tries;
}

/**
 * Sends a destination an alert of the kind `test` now, whatever kinds it asked for.
 *
 * @throws DuetError `not-found`; `unavailable` where it does not take it, with the reason
 */
export async function tryDestination(
  { prisma }: Database,
  name: string,
  { now = new Date(), actor = 'duet' }: Author = {},
): Promise<void> {
  const to = await prisma.alertDestination.findUnique({ where: { name } });
  if (to === null) throw noDestination(name);
  const sentence = `${actor} tries whether alerts come to "${name}".`;
  const about = { kind: 'test', key: `test ${to.id}`, datasetId: null, dataset: null, sentence, detail: {} };
  const alert = { id: randomUUID(), ...about, createdAt: now, closedAt: now };
  const error = await send(to, JSON.stringify({ text: sentence, alert }), now);
  if (error === null) return;
  throw new DuetError('unavailable', `"${name}" did not take it: ${error}.`, {
    fix: `See that ${new URL(to.url).host} can be reached from here, and that its webhook is still there.`,
  });
}

const isFor = ({ datasetId, kinds }: AlertDestination, alert: Alert): boolean =>
  (datasetId === null || alert.datasetId === null || datasetId === alert.datasetId) &&
  (kinds.length === 0 || kinds.includes(alert.kind));

/** @returns null once it is taken, else why not */
async function send({ url, secret }: AlertDestination, body: string, now: Date): Promise<string | null> {
  try {
    const { ok, status } = await fetch(url, {
      ...{ method: 'POST', body, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) },
      headers: { 'content-type': 'application/json', 'duet-signature': signatureOf(secret, body, now) },
    });
    return ok ? null : `HTTP ${status}`;
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    return cause?.message ?? message;
  }
}

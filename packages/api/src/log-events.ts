import { randomUUID } from 'node:crypto';
import type { ApiScope } from '@duet/db';
import { type EventInput, formatMoney, type LoggedEvents, logEvents } from '@duet/experiments';
import { isAnsweredTo } from './access/request-id.ts';
import { visitorOf } from './access/visitor.ts';
import type { Caller, Context } from './context.ts';

/** An event as its sender may write it: where a page sends it, `visitor` says whose it is. */
export type SentEvent = Omit<EventInput, 'userId'> & { userId?: string; visitor?: string };

type LogContext = Pick<Context, 'events' | 'keyring' | 'onLogged' | 'orderLimit'> & { caller: Caller };

/** What a key needs for an event: orders make the GMV, so they are not any page's to log. */
const scopeOfEvent = (type: unknown): ApiScope => (type === 'order' || type === 'refund' ? 'orders' : 'events');

/** Stores those events of a batch that its sender may log, and says of the others why not, by their place. */
export async function logEventsOf(
  ctx: LogContext,
  { events, sentAt }: { events: readonly SentEvent[]; sentAt?: string | undefined },
): Promise<LoggedEvents> {
  const rejected: LoggedEvents['rejected'] = [];
  const places: number[] = [];
  const allowed: EventInput[] = [];
  const arrival = sentAt ?? new Date().toISOString();
  for (const [index, event] of events.entries()) {
    const judged = judge(ctx, whole(event, arrival));
    if ('reason' in judged) {
      rejected.push({ index, reason: judged.reason });
      continue;
    }
    places.push(index);
    allowed.push(judged.event);
  }
  const options = {
    sentAt: sentAt === undefined ? undefined : new Date(sentAt),
    simulated: ctx.caller.scopes.includes('simulate'),
    datasetId: ctx.caller.datasetId ?? undefined,
  };
  const logged = await ctx.keyring.whileAnswering(() => logEvents(ctx.events, allowed, options));
  for (const { index, reason } of logged.rejected) rejected.push({ index: places[index]!, reason });
  rejected.sort((a, b) => a.index - b.index);
  const result = { ...logged, rejected };
  ctx.onLogged(result);
  return result;
}

/** An event with an id and a time: one without can be logged, though not sent again. */
function whole(sent: SentEvent, arrival: string): SentEvent {
  if (sent === null || typeof sent !== 'object') return sent;
  const { eventId = randomUUID(), occurredAt = arrival }: Partial<SentEvent> = sent;
  return { ...sent, eventId, occurredAt };
}

/** The event as it may be stored, or why it may not. What it lacks in form is `logEvents`' to say. */
function judge(ctx: LogContext, sent: SentEvent): { event: EventInput } | { reason: string } {
  const { caller, orderLimit } = ctx;
  if (sent === null || typeof sent !== 'object') return { event: sent };
  const { type, valueMinor, currency } = sent;
  const scope = scopeOfEvent(type);
  if (!caller.scopes.includes(scope) && !caller.scopes.includes('admin')) {
    return { reason: `type: this API key may not log ${String(type)} events, which need the scope "${scope}"` };
  }
  if (typeof valueMinor === 'number' && typeof currency === 'string' && /^[A-Z]{3}$/.test(currency)) {
    const most = orderLimit(currency);
    if (valueMinor > most) {
      return {
        reason: `valueMinor: is more than ${formatMoney(most, currency)}, the most of an order line (DUET_ORDER_LIMIT)`,
      };
    }
  }
  return caller.kind === 'secret' ? { event: sent as EventInput } : ofVisitor(ctx, sent);
}

/** A page logs for its visitor alone, and for lists that the visitor was answered with. */
function ofVisitor({ caller, keyring }: LogContext, sent: SentEvent): { event: EventInput } | { reason: string } {
  const { visitor, ...event } = sent;
  const secret = keyring.secretOf(caller.datasetId!);
  if (secret === undefined) return { reason: 'visitor: the dataset of this API key has no signing secret yet' };
  const visitorId = typeof visitor === 'string' ? visitorOf(secret, visitor) : caller.visitorId;
  if (visitorId === undefined) return { reason: 'visitor: a publishable key logs for a visitor whose id is signed' };
  if (event.userId !== undefined && event.userId !== visitorId) return { reason: 'userId: is not the visitor' };
  if (typeof event.requestId === 'string' && !isAnsweredTo(secret, event.requestId, visitorId)) {
    return { reason: 'requestId: that request was not answered to this visitor' };
  }
  return { event: { ...event, userId: visitorId } };
}

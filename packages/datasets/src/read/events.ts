import { DuetError } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import type { EventSummary } from '../summary.ts';
import type { Rows } from './rows/rows.ts';
import { eventKind, weightsOf } from './values/events.ts';
import { literal, type Workspace } from './workspace/workspace.ts';

/** The events of a file, what each weighs, and what the reader should know of that. */
export interface Events {
  list: EventSummary[];
  /** Events that hide nothing from recommendations. */
  views: string[];
  warnings: string[];
}

/** Names beyond these are no events, but something else. */
const most = 1000;

const shown = (events: readonly { event: string; rows: number }[]): string =>
  events
    .slice(0, 20)
    .map(({ event, rows }) => `${event} (${rows})`)
    .join(', ') + (events.length > 20 ? ', …' : '');

/**
 * What each event weighs: as the request says, else as the form, else as the field does.
 *
 * @throws DuetError `bad-input` listing the file's events where none has a weight
 */
export async function readEvents(workspace: Workspace, rows: Rows, settings: ImportSettings): Promise<Events> {
  if (rows.roles.event === undefined) return { list: [], views: [], warnings: [] };
  const found = await workspace.rows(
    `SELECT ${rows.text('event')} AS event, count(*)::DOUBLE AS n FROM ${rows.source.view}
     WHERE _broken IS NULL AND (${rows.ignored}) IS NULL AND ${rows.text('event')} IS NOT NULL
     GROUP BY ALL ORDER BY n DESC, event LIMIT ${most}`,
  );
  const there = found.map(({ event, n }) => ({ event: String(event), rows: Number(n) }));
  const cancels = (event: string) => settings.cancelEvents.some((one) => one.toLowerCase() === event.toLowerCase());
  const named = there.filter(({ event }) => !cancels(event));
  const warnings: string[] = [];
  const option = '--event-weight event=weight';
  const given = settings.eventWeights;
  let weights: Record<string, number>;
  if (given) {
    const unknown = Object.keys(given).filter((event) => !there.some((one) => one.event === event));
    const what = `there is no event ${unknown.map((event) => `"${event}"`).join(', ')}; the file's events are ${shown(there)}`;
    if (unknown.length === Object.keys(given).length && there.length > 0) {
      throw new DuetError('bad-input', `${what}.`, {
        where: { file: rows.source.files[0]!, column: rows.blamed('event')! },
        fix: `Give those that count with ${option}.`,
      });
    }
    if (unknown.length > 0) warnings.push(`T${what.slice(1)}.`);
    weights = given;
  } else {
    const ofForm = Object.entries(rows.file?.events ?? {});
    const formed = named.flatMap(({ event }) => {
      const weight = ofForm.find(([name]) => name.toLowerCase() === event.toLowerCase())?.[1];
      return weight === undefined ? [] : [[event, weight] as const];
    });
    const usual = formed.length > 0 ? Object.fromEntries(formed) : weightsOf(named.map(({ event }) => event));
    if (usual !== undefined && named.length > 1) {
      weights = usual;
      const weighed = named
        .filter(({ event }) => (usual[event] ?? 0) > 0)
        .map(({ event }) => `${event} ${usual[event]}`);
      warnings.push(`Events weigh what they usually do: ${weighed.join(', ')}. Say otherwise with ${option}.`);
      const left = named.filter(({ event }) => !((usual[event] ?? 0) > 0));
      if (left.length > 0) warnings.push(`Events without a weight are left out: ${shown(left)}.`);
    } else {
      weights = Object.fromEntries(named.map(({ event }) => [event, 1]));
      if (named.length > 1)
        warnings.push(`All events count the same: ${shown(named)}. Say what each weighs with ${option}.`);
    }
  }
  const isView = (event: string): boolean => eventKind(event) === 'view';
  const counted = named.filter(({ event }) => (weights[event] ?? 0) > 0);
  // Where nothing but views is known, they are what a user has.
  const views = counted.every(({ event }) => isView(event)) ? [] : counted.filter(({ event }) => isView(event));
  return {
    list: named.map(({ event, rows: n }) => ({ event, rows: n, weight: weights[event] ?? 0 })),
    views: views.map(({ event }) => event),
    warnings,
  };
}

/** SQL for the weight of an event. */
export function weightOf(event: string, { list }: Events): string {
  const weights = list.filter(({ weight }) => weight > 0);
  if (list.length === 0) return '1';
  return weights.length === 0
    ? '0'
    : `CASE ${event} ${weights.map((one) => `WHEN ${literal(one.event)} THEN ${one.weight}`).join(' ')} ELSE 0 END`;
}

/** SQL for whether an event hides the item from the user's recommendations. */
export const hidesOf = (event: string, { views }: Events): string =>
  views.length === 0 ? 'true' : `coalesce(${event} NOT IN (${views.map(literal)}), true)`;

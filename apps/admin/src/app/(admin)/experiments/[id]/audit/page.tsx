import type { Metadata } from 'next/types';
import { Notice } from '#components/notice.tsx';
import { Section } from '#components/section.tsx';
import { experimentAudit } from '#data/experiments.ts';
import { formatPercent, formatTime } from '#format.ts';
import { routeId } from '#route-id.ts';

export const metadata: Metadata = { title: 'Audit log' };

const said: Record<string, string> = {
  create: 'created it',
  set: 'changed it',
  start: 'started it',
  stop: 'stopped it',
  phase: 'began a new phase',
  decide: 'decided it',
  warn: 'warned',
};

/** An arm in a line; what it serves is told apart by the model's id. */
const arm = ({ name, weight, control, modelId, indexId, settings }: Record<string, unknown>): string =>
  [
    `${name} ${formatPercent(Number(weight), 1)}${control ? ', control' : ''}: model ${String(modelId).slice(-6)}`,
    ...(indexId ? [`index ${String(indexId).slice(-6)}`] : []),
    ...(JSON.stringify(settings) === '{}' ? [] : [JSON.stringify(settings)]),
  ].join(', ');

const show = (field: string, value: unknown): string => {
  if (value === undefined || value === null) return '–';
  if (field === 'arms' && Array.isArray(value)) return value.map(arm).join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value);
};

export default async function AuditPage({ params }: { params: Promise<{ id: string }> }) {
  const log = await experimentAudit(await routeId(params));
  if (log.length === 0) {
    return (
      <Notice title="Nothing has been written down.">
        Changes made by earlier versions of Duet are not in the log.
      </Notice>
    );
  }
  return (
    <Section title="Who changed what" note="The newest first. It outlives the experiment." flush>
      <table className="data">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col" className="w-1/4">
              From
            </th>
            <th scope="col" className="w-1/4">
              To
            </th>
          </tr>
        </thead>
        <tbody>
          {log.map(({ id, at, actor, action, before, after, note }) => {
            const [was, is] = [before ?? {}, after ?? {}] as [Record<string, unknown>, Record<string, unknown>];
            // What a draft starts with is on its set-up page; a line a field would hide what changed since.
            const fields = action === 'create' ? [] : [...new Set([...Object.keys(was), ...Object.keys(is)])];
            return (
              <tr key={id} className="[&>td]:align-top">
                <td className="whitespace-nowrap text-muted">{formatTime(at)}</td>
                <td className="whitespace-nowrap">{actor}</td>
                <td>
                  <span className="font-medium whitespace-nowrap">{said[action] ?? action}</span>
                  {note && <span className="block max-w-72 text-sm text-muted">{note}</span>}
                </td>
                <td colSpan={2} className="!p-0">
                  {fields.map((field) => (
                    <div key={field} className="grid grid-cols-2 gap-4 px-3 py-2">
                      <div className="min-w-0 text-sm whitespace-pre-line [overflow-wrap:anywhere]">
                        <span className="block font-mono text-xs text-muted">{field}</span>
                        {show(field, was[field])}
                      </div>
                      <div className="min-w-0 text-sm whitespace-pre-line [overflow-wrap:anywhere]">
                        <span className="block font-mono text-xs text-muted">&nbsp;</span>
                        {show(field, is[field])}
                      </div>
                    </div>
                  ))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Section>
  );
}

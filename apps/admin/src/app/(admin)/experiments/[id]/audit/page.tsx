import type { Metadata } from 'next/types';
import { Notice } from '#components/notice.tsx';
import { Section } from '#components/section.tsx';
import { experimentAudit } from '#data/experiments.ts';
import { formatTime } from '#format.ts';
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

const show = (value: unknown): string =>
  value === undefined || value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value);

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
            <th scope="col">From</th>
            <th scope="col">To</th>
          </tr>
        </thead>
        <tbody>
          {log.map(({ id, at, actor, action, before, after, note }) => {
            const [was, is] = [before ?? {}, after ?? {}] as [Record<string, unknown>, Record<string, unknown>];
            // What a draft starts with is on its set-up page; a line a field would hide what changed since.
            const fields = action === 'create' ? [] : [...new Set([...Object.keys(was), ...Object.keys(is)])];
            return (
              <tr key={id} className="align-top">
                <td className="whitespace-nowrap text-muted">{formatTime(at)}</td>
                <td className="whitespace-nowrap">{actor}</td>
                <td>
                  <span className="font-medium whitespace-nowrap">{said[action] ?? action}</span>
                  {note && <span className="block max-w-72 text-sm text-muted">{note}</span>}
                </td>
                <td colSpan={2} className="!p-0">
                  {fields.map((field) => (
                    <div key={field} className="grid grid-cols-2 gap-4 px-3 py-2">
                      <div className="min-w-0 text-sm [overflow-wrap:anywhere]">
                        <span className="block font-mono text-xs text-muted">{field}</span>
                        {show(was[field])}
                      </div>
                      <div className="min-w-0 text-sm [overflow-wrap:anywhere]">
                        <span className="block font-mono text-xs text-muted">&nbsp;</span>
                        {show(is[field])}
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

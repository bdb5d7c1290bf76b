'use client';

import type { ImportOrder, InspectedUpload } from '@duet/datasets';
import { useCallback, useEffect, useRef, useState, useTransition } from 'react';
import { Field } from '#components/forms/field.tsx';
import { begin, look, type Previewed, preview, removeFile, start } from '../actions.ts';
import { Columns } from './columns.tsx';
import { Drop } from './drop.tsx';
import { Files } from './files.tsx';
import { nameFor, type Table, tablesOf, withColumn } from './order.ts';
import { Preview } from './preview.tsx';
import { useUploads } from './use-uploads.ts';
import { Writing } from './writing.tsx';

interface WizardProps {
  /** The dataset that files are added to; they make a new one where there is none. */
  into?: { id: string; name: string } | undefined;
  /** The import that is gone on with; a new one is made with its first file. */
  run?: string;
  files?: InspectedUpload[];
  order?: ImportOrder;
}

const tableTitles = {
  interactions: 'Columns of the orders or events',
  items: 'Columns of the products',
  users: 'Columns of the shoppers',
};
/** Milliseconds that must pass without a change before the preview is made anew. */
const patience = 400;

/** From files to an import: upload, recognise, map, look, start. */
export function Wizard({
  into,
  run: given,
  files: before = [],
  order: asked = { settings: {}, tables: {} },
}: WizardProps) {
  const [run, setRun] = useState(given);
  const [files, setFiles] = useState(before);
  const [order, setOrder] = useState(asked);
  const current = useRef({ run, order });
  current.current = { run, order };

  const inspect = useCallback(async () => {
    const { run, order } = current.current;
    if (run !== undefined) setFiles(await look(run, order.settings));
  }, []);
  const { sending, send, stop } = useUploads(inspect);
  const add = async (chosen: File[]) => {
    if (chosen.length === 0) return;
    const id = run ?? (await begin(into?.id));
    setRun(id);
    current.current.run = id;
    // The address is the import's from now on, so that it can be opened again; the page stays.
    window.history.replaceState(null, '', `/imports/${id}`);
    await send(id, chosen);
  };
  const tables = tablesOf(files, order.tables);
  const filesOf = (table: Table) => files.filter(({ id }) => tables[id] === table);
  const name = order.settings.name ?? nameFor(files);
  const whole: ImportOrder = { settings: { ...order.settings, name }, tables };
  const { shown, looking } = usePreview(
    run,
    sending.length === 0 && (filesOf('interactions').length > 0 || (into !== undefined && filesOf('items').length > 0)),
    whole,
  );
  const change = (settings: ImportOrder['settings']) =>
    setOrder((old) => ({ ...old, settings: { ...old.settings, ...settings } }));

  return (
    <div className="space-y-6">
      <Drop onFiles={add} />
      {(files.length > 0 || sending.length > 0) && (
        <Files
          {...{ files, sending, tables }}
          onTable={(id, table) => setOrder((old) => ({ ...old, tables: { ...old.tables, [id]: table } }))}
          onRemove={async ({ id }) => {
            await removeFile(run!, id);
            await inspect();
          }}
          onStop={stop}
        />
      )}
      {files.some(({ columns }) => columns.length > 0) && (
        <>
          {(Object.keys(tableTitles) as Table[]).map(
            (table) =>
              filesOf(table).length > 0 && (
                <Columns
                  key={table}
                  {...{ table, order }}
                  title={tableTitles[table]}
                  files={filesOf(table)}
                  found={shown?.preview?.mapping}
                  onColumn={(role, column) => setOrder((old) => withColumn(old, table, role, column))}
                />
              ),
          )}
          <Writing settings={order.settings} onSettings={change} events={shown?.preview?.events ?? []} />
          <Start
            run={run!}
            order={whole}
            ready={shown?.preview !== undefined && shown.problem === undefined && !looking && sending.length === 0}
          >
            <Destination
              {...{ into, name }}
              hasEvents={filesOf('interactions').length > 0}
              onName={(name) => change({ name })}
            />
          </Start>
          <Outcome {...{ shown, looking }} />
        </>
      )}
    </div>
  );
}

/** What an order would store, made anew a moment after the last change. */
function usePreview(run: string | undefined, ready: boolean, order: ImportOrder) {
  const [shown, setShown] = useState<Previewed>();
  const [looking, setLooking] = useState(false);
  const asked = useRef(0);
  // The name changes nothing of what is shown.
  const key = JSON.stringify({ ...order, settings: { ...order.settings, name: '' } });
  useEffect(() => {
    const turn = ++asked.current;
    if (run === undefined || !ready) return;
    setLooking(true);
    const timer = setTimeout(async () => {
      const answer = await preview(run, JSON.parse(key) as ImportOrder);
      if (turn !== asked.current) return;
      // What was found stays in the menus while something is wrong.
      setShown((old) => (answer.problem !== undefined && old?.preview ? { ...old, ...answer } : answer) as Previewed);
      setLooking(false);
    }, patience);
    return () => clearTimeout(timer);
  }, [run, ready, key]);
  return { shown, looking };
}

interface DestinationProps {
  into: WizardProps['into'];
  name: string;
  hasEvents: boolean;
  onName(name: string): void;
}

/** Where the files go: into the dataset that there is, or a new one of this name. */
function Destination({ into, name, hasEvents, onName }: DestinationProps) {
  if (into)
    return (
      <p className="mt-8">
        {hasEvents
          ? `The files are added to ${into.name}; what it has already is left out.`
          : `The products of ${into.name} change as the file says; columns that it lacks stay as they are.`}
      </p>
    );
  return (
    <Field id="name" label="Name of the dataset">
      <input
        id="name"
        type="text"
        className="input sm:w-72"
        maxLength={100}
        value={name}
        onChange={({ target }) => onName(target.value)}
      />
    </Field>
  );
}

/** What is wrong with the order, or what it would store. */
function Outcome({ shown, looking }: ReturnType<typeof usePreview>) {
  return (
    <div aria-live="polite" aria-busy={looking} className={`space-y-6 ${looking ? 'opacity-60' : ''}`}>
      {shown?.problem !== undefined && (
        <p role="alert" className="rounded-xl border border-bad bg-surface px-5 py-4 text-bad [overflow-wrap:anywhere]">
          {shown.problem}
        </p>
      )}
      {shown?.preview && shown.problem === undefined && <Preview shown={shown.preview} />}
    </div>
  );
}

interface StartProps {
  run: string;
  order: ImportOrder;
  ready: boolean;
  children: React.ReactNode;
}

function Start({ run, order, ready, children }: StartProps) {
  const [problem, setProblem] = useState('');
  const [pending, begin] = useTransition();
  return (
    <div className="flex flex-wrap items-start gap-4 rounded-xl border border-line bg-surface px-5 py-4">
      {children}
      <button
        type="button"
        disabled={!ready || pending}
        className="button mt-6"
        onClick={() => begin(async () => setProblem((await start(run, order)) ?? ''))}
      >
        {pending ? 'Starting …' : 'Import'}
      </button>
      <p role="alert" className="mt-8 text-sm text-bad empty:hidden">
        {problem}
      </p>
    </div>
  );
}

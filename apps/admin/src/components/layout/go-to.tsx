'use client';

import { useRouter } from 'next/navigation';
import { useCallback, useEffect, useId, useRef, useState } from 'react';
import { useOptions } from '#components/forms/use-options.ts';
import { useSuggestions } from '#components/forms/use-suggestions.ts';
import { useRefusals } from '#components/people/allowed.tsx';
import { datasetPath } from '#dataset-path.ts';
import { type Destination, datasetPages, innerPages, installationPages } from './places.ts';

interface GoToProps {
  /** The dataset that is looked at. */
  dataset: string | undefined;
  /** Of all datasets. */
  names: string[];
}

const isRequestId = (text: string) => /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(text);
const lower = (text: string) => text.toLowerCase();

/** The button that opens the dialog, and ⌘K or Ctrl K, which do so from anywhere. */
export function GoTo({ dataset, names }: GoToProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  // What was typed goes with the dialog: each time it is another one.
  const [opened, setOpened] = useState(0);
  const open = useCallback(() => {
    if (dialog.current?.open) return;
    setOpened((before) => before + 1);
    dialog.current?.showModal();
  }, []);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (lower(event.key) !== 'k' || !(event.metaKey || event.ctrlKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      open();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [open]);
  return (
    <>
      <button
        type="button"
        className="input mb-3 hidden w-full items-center justify-between text-muted lg:flex"
        onClick={open}
      >
        Go to …<kbd className="font-sans text-xs">⌘K</kbd>
      </button>
      <button type="button" className="button button-quiet absolute top-2.5 right-44 lg:hidden" onClick={open}>
        Go to
      </button>
      <dialog
        ref={dialog}
        aria-label="Go to"
        className="mx-auto mt-[12vh] w-[min(36rem,calc(100vw-2rem))] rounded-xl border border-line bg-surface p-0 text-ink backdrop:bg-black/40"
        onClick={({ target, currentTarget }) => target === currentTarget && currentTarget.close()}
        onKeyDown={({ key }) => key === 'Escape' && dialog.current?.close()}
      >
        {opened > 0 && <Choice key={opened} {...{ dataset, names }} onChosen={() => dialog.current?.close()} />}
      </dialog>
    </>
  );
}

/** Pages whose name has what was typed. */
function usePages({ dataset, names }: GoToProps, search: string): Destination[] {
  const refusals = useRefusals();
  const root = dataset === undefined ? undefined : datasetPath(dataset);
  const pages = [
    ...(root === undefined
      ? []
      : [...datasetPages.map((page) => ({ ...page, need: 'see' as const })), ...innerPages].map(
          ({ path, title, need }) => ({ group: 'Pages', title, need, href: `${root}${path}` }),
        )),
    ...installationPages.map((page) => ({ group: 'Pages', ...page })),
    { group: 'Pages', title: 'Your account', need: 'see' as const, href: '/account' },
    ...names
      .filter((name) => name !== dataset)
      .map((name) => ({ group: 'Datasets', title: name, need: 'see' as const, href: datasetPath(name) })),
  ];
  return pages.filter(({ title, need }) => refusals[need] === undefined && lower(title).includes(lower(search)));
}

/** Where a text leads whatever it is: who it may be, and which answer. */
function readAsId(dataset: string | undefined, search: string): Destination[] {
  if (dataset === undefined || search === '' || /\s/.test(search)) return [];
  const root = `${datasetPath(dataset)}/playground`;
  if (isRequestId(search)) {
    const query = new URLSearchParams({ id: search });
    return [{ group: 'By id', title: 'The request with this id', detail: search, href: `${root}/request?${query}` }];
  }
  const query = new URLSearchParams({ user: search });
  return [{ group: 'By id', title: `What shopper ${search} is shown`, href: `${root}?${query}` }];
}

function Choice({ dataset, names, onChosen }: GoToProps & { onChosen: () => void }) {
  const id = useId();
  const router = useRouter();
  const [typed, setTyped] = useState('');
  const search = typed.trim();
  const ask = dataset === undefined || search === '' ? undefined : { dataset, q: search };
  const found = useSuggestions<Destination>('/api/find', ask);
  const list = [...usePages({ dataset, names }, search), ...found, ...readAsId(dataset, search)];
  const go = (option: number) => {
    onChosen();
    router.push(list[option]!.href);
  };
  const { active, setActive, onKeyDown } = useOptions(list.length, go);
  // The option that the arrows have reached is seen, however long the list.
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, active]);
  return (
    <>
      <input
        type="text"
        role="combobox"
        aria-label="Go to"
        aria-expanded
        aria-controls={`${id}-options`}
        aria-activedescendant={`${id}-${active}`}
        aria-autocomplete="list"
        placeholder="A page, product, experiment, model, shopper’s or request’s id"
        autoComplete="off"
        className="w-full border-b border-line bg-transparent px-5 py-4 outline-none"
        value={typed}
        onChange={({ target }) => {
          setTyped(target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={`${id}-options`} role="listbox" aria-label="Places" className="max-h-[50vh] overflow-auto py-2">
        {list.map(({ group, title, detail, href }, i) => (
          <div key={href}>
            {group !== list[i - 1]?.group && (
              <p role="presentation" className="px-5 pt-2 pb-1 text-xs text-muted">
                {group}
              </p>
            )}
            <div
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === active}
              tabIndex={-1}
              className="flex cursor-pointer items-baseline justify-between gap-4 px-5 py-1.5 hover:bg-raised aria-selected:bg-line"
              onClick={() => go(i)}
              onKeyDown={onKeyDown}
            >
              <span className="min-w-0 truncate">{title}</span>
              <span className="shrink-0 text-xs text-muted">{detail}</span>
            </div>
          </div>
        ))}
        {list.length === 0 && <p className="px-5 py-3 text-muted">Nothing is called so.</p>}
      </div>
    </>
  );
}

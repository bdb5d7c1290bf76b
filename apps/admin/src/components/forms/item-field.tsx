'use client';

import { type KeyboardEvent, useEffect, useState } from 'react';
import type { ItemSuggestion } from '#item-suggestion.ts';
import { Field } from './field.tsx';

interface ItemFieldProps {
  /** Of the input, and of the form's value: the item's id. */
  name: string;
  label: string;
  datasetId: string;
  /** The item's id; what is typed until one is chosen. */
  value: string;
  onChange: (value: string) => void;
}

const pauseMs = 150;

/** What the catalogue has for what was typed, a moment after the last letter. */
function useSuggestions(datasetId: string, search: string): ItemSuggestion[] {
  const [items, setItems] = useState<ItemSuggestion[]>([]);
  useEffect(() => {
    if (search.trim() === '') return setItems([]);
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const query = new URLSearchParams({ dataset: datasetId, q: search });
        const response = await fetch(`/api/items?${query}`, { signal: stop.signal });
        if (response.ok) setItems((await response.json()) as ItemSuggestion[]);
      } catch {
        // Without suggestions an id can still be typed whole; the form says where there is none.
      }
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [datasetId, search]);
  return items;
}

/** An item, found by its title or id while one types (the combobox pattern of the ARIA authoring practices). */
export function ItemField({ name, label, datasetId, value, onChange }: ItemFieldProps) {
  const [chosen, setChosen] = useState<ItemSuggestion>();
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const isChosen = chosen?.id === value;
  const items = useSuggestions(datasetId, isChosen ? '' : value);
  const isListed = isOpen && items.length > 0;
  const choose = (item: ItemSuggestion) => {
    setChosen(item);
    onChange(item.id);
    setOpen(false);
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && items.length > 0) {
      event.preventDefault();
      setOpen(true);
      setActive((active + step + items.length) % items.length);
    } else if (event.key === 'Enter' && isListed) {
      event.preventDefault();
      choose(items[active]!);
    } else if (event.key === 'Escape') {
      setOpen(false);
    }
  };
  return (
    <Field
      id={name}
      label={label}
      hint={
        isChosen
          ? `${chosen.title || 'no title'}${chosen.category ? `, ${chosen.category}` : ''}`
          : 'Part of its title, or its id.'
      }
    >
      <div className="relative">
        <input
          id={name}
          name={name}
          type="text"
          role="combobox"
          aria-expanded={isListed}
          aria-controls={`${name}-options`}
          aria-activedescendant={isListed ? `${name}-${active}` : undefined}
          aria-autocomplete="list"
          aria-describedby={`${name}-hint`}
          className="input"
          value={value}
          required
          maxLength={200}
          autoComplete="off"
          onChange={(event) => {
            onChange(event.target.value);
            setActive(0);
            setOpen(true);
          }}
          onKeyDown={press}
          onBlur={() => setOpen(false)}
        />
        <div
          id={`${name}-options`}
          role="listbox"
          aria-label={`${label}: suggestions`}
          hidden={!isListed}
          className="absolute z-10 mt-1 max-h-80 w-full min-w-64 overflow-auto rounded-lg border border-strong bg-surface py-1 shadow-lg"
        >
          {items.map((item, i) => (
            <div
              key={item.id}
              id={`${name}-${i}`}
              role="option"
              aria-selected={i === active}
              tabIndex={-1}
              className="cursor-pointer px-3 py-1.5 hover:bg-raised aria-selected:bg-line"
              // The field keeps the focus, so that its blur does not fold the list before the click.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(item)}
              onKeyDown={press}
            >
              {item.title || 'no title'}
              <span className="block text-xs text-muted">
                <span className="font-mono">{item.id}</span>
                {item.category && ` · ${item.category}`}
              </span>
            </div>
          ))}
        </div>
      </div>
    </Field>
  );
}

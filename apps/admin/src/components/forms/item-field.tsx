'use client';

import { type KeyboardEvent, useState } from 'react';
import type { ItemSuggestion } from '#item-suggestion.ts';
import { Field } from './field.tsx';
import { useOptions } from './use-options.ts';
import { useSuggestions } from './use-suggestions.ts';

interface ItemFieldProps {
  /** Of the input, and of the form's value: the item's id. */
  name: string;
  label: string;
  datasetId: string;
  /** The item's id; what is typed until one is chosen. */
  value: string;
  onChange: (value: string) => void;
}

/** An item, found by its title or id while one types (the combobox pattern of the ARIA authoring practices). */
export function ItemField({ name, label, datasetId, value, onChange }: ItemFieldProps) {
  const [chosen, setChosen] = useState<ItemSuggestion>();
  const [isOpen, setOpen] = useState(false);
  const isChosen = chosen?.id === value;
  const query = isChosen || value.trim() === '' ? undefined : { dataset: datasetId, q: value };
  const items = useSuggestions<ItemSuggestion>('/api/items', query);
  const isListed = isOpen && items.length > 0;
  const choose = (item: ItemSuggestion) => {
    setChosen(item);
    onChange(item.id);
    setOpen(false);
  };
  const options = useOptions(isListed ? items.length : 0, (option) => choose(items[option]!));
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') setOpen(false);
    else if (event.key.startsWith('Arrow')) setOpen(true);
    options.onKeyDown(event);
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
          aria-activedescendant={isListed ? `${name}-${options.active}` : undefined}
          aria-autocomplete="list"
          aria-describedby={`${name}-hint`}
          className="input"
          value={value}
          required
          maxLength={200}
          autoComplete="off"
          onChange={(event) => {
            onChange(event.target.value);
            options.setActive(0);
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
              aria-selected={i === options.active}
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

'use client';

import { useId, useState } from 'react';

/** Where files are dropped, or chosen. */
export function Drop({ onFiles }: { onFiles: (files: File[]) => void }) {
  const id = useId();
  const [over, setOver] = useState(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button within does the same
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onFiles([...event.dataTransfer.files]);
      }}
      className={`rounded-xl border border-dashed px-6 py-8 text-center ${over ? 'border-ink bg-raised' : 'border-strong bg-surface'}`}
    >
      <p className="font-semibold">Drop your shop’s files here</p>
      <p className="mx-auto mt-1 max-w-xl text-sm text-muted">
        Orders or events, and products if you have them: exports of Shopify, WooCommerce, Magento, GA4 and others as
        they are, or any CSV, JSON, Parquet or Excel file. Also zipped, up to 2 GB each.
      </p>
      <label htmlFor={id} className="button button-quiet mt-4 focus-within:outline-2">
        Choose files
        <input
          id={id}
          type="file"
          multiple
          className="sr-only"
          onChange={({ target }) => {
            onFiles([...(target.files ?? [])]);
            target.value = '';
          }}
        />
      </label>
    </div>
  );
}

'use client';

import { type ReactNode, useState } from 'react';

interface OnceProps {
  title: string;
  /** What is shown this once. */
  secret: string;
  children?: ReactNode;
}

/** A secret that is shown this once, to be copied. */
export function Once({ title, secret, children }: OnceProps) {
  const [copied, setCopied] = useState(false);
  return (
    <div role="status" className="rounded-lg border border-line bg-raised p-4 text-left">
      <p className="font-medium">{title}</p>
      <div className="mt-2 flex flex-wrap items-center gap-3">
        <code className="min-w-0 rounded-md border border-line bg-surface px-3 py-1.5 font-mono text-sm whitespace-pre-wrap [overflow-wrap:anywhere]">
          {secret}
        </code>
        <button
          type="button"
          className="button button-quiet"
          onClick={() => void navigator.clipboard.writeText(secret).then(() => setCopied(true))}
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
      {children}
    </div>
  );
}

/** The place of something that is being worked out. */
export const Waiting = ({ what }: { what: string }) => (
  <div role="status" className="h-96 motion-safe:animate-pulse rounded-xl border border-line bg-surface">
    <span className="sr-only">{what}</span>
  </div>
);

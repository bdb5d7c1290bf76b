/** A spot in a series' colour beside its name. */
export const Dot = ({ color }: { color: string | undefined }) => (
  <span aria-hidden="true" className="inline-block size-2 shrink-0 rounded-full" style={{ background: color }} />
);

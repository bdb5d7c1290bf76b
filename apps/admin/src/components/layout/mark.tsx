/** Duet's mark: two towers that overlap. */
export function Mark() {
  return (
    <svg viewBox="0 0 24 24" className="size-6 shrink-0" aria-hidden="true">
      <circle cx="9" cy="12" r="7" className="fill-two-tower" />
      <circle cx="15" cy="12" r="7" className="fill-dat" fillOpacity={0.82} />
    </svg>
  );
}

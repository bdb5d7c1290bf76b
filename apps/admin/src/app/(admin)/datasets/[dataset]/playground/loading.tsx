/** The outline of a page while its data is read. */
export default function Loading() {
  return (
    <div role="status" className="motion-safe:animate-pulse space-y-6">
      <span className="sr-only">Loading</span>
      <div className="h-8 w-48 rounded-md bg-line" />
      <div className="h-20 rounded-xl border border-line bg-surface" />
      <div className="h-80 rounded-xl border border-line bg-surface" />
    </div>
  );
}

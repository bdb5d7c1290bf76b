/** How lists of items are laid out. */
export const grid = 'grid grid-cols-2 gap-3 sm:gap-5 md:grid-cols-3 lg:grid-cols-4';

/** Stands where a grid will be while Duet answers. */
export function GridSkeleton({ count }: { count: number }) {
  return (
    <div role="status" aria-label="Loading" className={grid}>
      {Array.from({ length: count }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the places are all alike.
        <div key={at} className="card overflow-hidden">
          <div className="skeleton aspect-square rounded-none" />
          <div className="flex flex-col gap-2 p-4">
            <div className="skeleton h-3 w-1/3" />
            <div className="skeleton h-4 w-5/6" />
            <div className="skeleton mt-3 h-9 w-1/2" />
          </div>
        </div>
      ))}
    </div>
  );
}

/** Looks for items: a form that works before the page's scripts do. */
export function SearchBox({ query = '' }: { query?: string }) {
  return (
    <search className="order-last w-full sm:order-none sm:w-auto sm:flex-1">
      <form action="/search" className="sm:mx-auto sm:max-w-md">
        <label>
          <span className="sr-only">Search the shop</span>
          <input
            type="search"
            name="q"
            defaultValue={query}
            required
            maxLength={200}
            placeholder="Search the shop"
            className="h-11 w-full rounded-full border border-line bg-card px-4"
          />
        </label>
      </form>
    </search>
  );
}

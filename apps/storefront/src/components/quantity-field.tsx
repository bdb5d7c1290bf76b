'use client';

const step = 'grid size-11 place-items-center rounded-full text-xl hover:bg-tint disabled:opacity-40';

/** How many of something, from 1 to 999. */
export function QuantityField(props: { label: string; quantity: number; onChange: (quantity: number) => void }) {
  const { label, quantity, onChange } = props;
  return (
    <div className="flex items-center rounded-full border border-line bg-card">
      <button
        type="button"
        className={step}
        disabled={quantity <= 1}
        onClick={() => onChange(quantity - 1)}
        aria-label={`${label}: one less`}
      >
        −
      </button>
      <input
        type="text"
        inputMode="numeric"
        pattern="[0-9]*"
        aria-label={label}
        value={quantity}
        onChange={({ target }) => {
          const typed = Number.parseInt(target.value.replace(/\D/g, ''), 10);
          onChange(Number.isNaN(typed) ? 1 : Math.max(1, Math.min(999, typed)));
        }}
        className="w-10 bg-transparent text-center tabular-nums"
      />
      <button
        type="button"
        className={step}
        disabled={quantity >= 999}
        onClick={() => onChange(quantity + 1)}
        aria-label={`${label}: one more`}
      >
        +
      </button>
    </div>
  );
}

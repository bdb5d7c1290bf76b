import Form from 'next/form';

interface SearchProps {
  action: string;
  name: string;
  label: string;
  value: string;
  placeholder: string;
}

/** A search field whose text becomes part of the address, so that a result can be shared. */
export function Search({ action, name, label, value, placeholder }: SearchProps) {
  return (
    <Form action={action} role="search" className="flex max-w-full min-w-0 gap-2">
      <label htmlFor={name} className="sr-only">
        {label}
      </label>
      <input
        key={value}
        id={name}
        name={name}
        type="search"
        defaultValue={value}
        placeholder={placeholder}
        className="input w-72 min-w-0"
        autoComplete="off"
      />
      <button type="submit" className="button button-quiet shrink-0">
        Search
      </button>
    </Form>
  );
}
